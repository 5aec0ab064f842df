# SPDX-License-Identifier: Apache-2.0
"""keepalived.conf to lb.yaml. The way of a file: lines (reader), statements (parser), sections
(services, checks, vrrp, system), text (yaml_out). What has no counterpart goes to the report."""
