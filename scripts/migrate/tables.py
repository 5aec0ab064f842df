# SPDX-License-Identifier: Apache-2.0
"""Keywords of keepalived that go nowhere, by the block that they stand in, each with the reason.
`note`: lbd does it anyway or needs no such thing; `warning`: it was done and is not done now."""

MAIL = "lbd sends no mail; a notify command can"
SNMP = "lbd has no SNMP; lbctl --json tells programs"
FIFO = "lbd has no notify FIFO; a notify command is run in order, one at a time"
NFT = "lbd filters by itself and needs no firewall rules"
BUFFERS = "a setting of keepalived's processes; lbd needs none"
PRIORITY = "lbd's VRRP thread runs at real-time priority by itself"
NAMES = "a name that only keepalived uses"
BFD = "lbd has no BFD"
RULES = "lbd sets no routing rules; use ip rule"
LOWER = "lbd announces again by its usual repeat and delay after it has seen another master"

TOP_BLOCKS = {
    "global_defs",
    "vrrp_instance",
    "vrrp_sync_group",
    "vrrp_script",
    "virtual_server",
    "virtual_server_group",
    "static_ipaddress",
    "static_routes",
    "static_rules",
    "bfd_instance",
    "vrrp_track_process",
    "vrrp_track_file",
    "garp_group",
    "linkbeat_interfaces",
    "interface_up_down_delays",
    "track_file",
    "track_group",
}
# A block that stands in one other only: a further one within it lacks a '}'.
PARENTS = {"real_server": {"virtual_server"}}


def _table(*rows):
    return {word: (kind, reason) for kind, words, reason in rows for word in words.split()}


TOP = _table(
    ("warning", "static_rules", RULES),
    ("warning", "bfd_instance", BFD),
    ("warning", "track_file vrrp_track_file", "lbd tracks no files; a script can read one"),
    ("warning", "interface_up_down_delays", "lbd takes a link's state as it comes"),
    ("warning", "track_group", "lbd does not track static addresses and routes"),
    ("warning", "SSL", "lbd's checks show no certificate and verify the server's by ca_file only"),
    ("warning", "net_namespace net_namespace_ipvs", "start lbd by ip netns exec NAME"),
    ("warning", "garp_group", "lbd spaces gratuitous ARPs by instance: gratuitous_arp.interval"),
    ("note", "linkbeat_interfaces linkbeat_use_polling", "lbd sees the link by its driver"),
    ("note", "namespace_with_ipsets use_pid_dir instance child_wait_time", NAMES),
)

GLOBAL = _table(
    (
        "warning",
        (
            "notification_email notification_email_from smtp_server smtp_helo_name "
            "smtp_connect_timeout smtp_connection_timeout smtp_alert smtp_alert_vrrp "
            "smtp_alert_checker no_email_faults no_checker_emails"
        ),
        MAIL,
    ),
    (
        "warning",
        (
            "snmp_socket enable_snmp_vrrp enable_snmp_keepalived enable_snmp_checker "
            "enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_traps"
        ),
        SNMP,
    ),
    ("warning", "enable_dbus dbus_service_name", "lbd has no D-Bus; lbctl --json tells programs"),
    (
        "warning",
        (
            "notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script "
            "lvs_notify_fifo lvs_notify_fifo_script fifo_write_vrrp_states_on_reload "
            "vrrp_notify_priority_changes"
        ),
        FIFO,
    ),
    (
        "warning",
        "startup_script startup_script_timeout shutdown_script shutdown_script_timeout",
        "the service manager does it: ExecStartPre and ExecStopPost",
    ),
    (
        "warning",
        "lvs_sync_daemon lvs_sync_daemon_interface",
        "lbd does not speak the sync protocol of IPVS",
    ),
    ("warning", "vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat", LOWER),
    ("warning", "vrrp_garp_master_refresh_repeat", "a refresh is one gratuitous ARP an address"),
    ("warning", "vrrp_garp_extra_if", "lbd announces an address on the port that it is on"),
    ("warning", "vrrp_gna_interval", "gratuitous_arp.interval holds for both families"),
    ("note", "vrrp_higher_prio_send_advert", "lbd always does"),
    ("warning", "vrrp_startup_delay", "start lbd later; it takes over after master_down as ever"),
    ("warning", "reload_time_file reload_repeat reload_file", "reload by lbctl reload"),
    ("warning", "umask", "the service manager does it: UMask"),
    ("note", "reload_check_config", "lbd always checks a file before it takes it"),
    ("note", "include_check", "lbd refuses a file that is missing"),
    ("note", "vrrp_lower_prio_no_advert", "lbd follows the RFC"),
    ("note", "vrrp_check_unicast_src", "lbd always checks the source"),
    ("note", "vrrp_skip_check_adv_addr", "lbd counts a list that differs"),
    ("note", "checker_log_all_failures", "lbd logs each change with its reason"),
    ("note", "log_unknown_vrids", "lbd counts them"),
    ("note", "enable_script_security", "run scripts as a user of their own: user"),
    ("note", "lvs_flush lvs_flush_on_stop", "lbd leaves nothing behind in the kernel"),
    ("note", "rs_init_notifies", "lbd's notify commands hear of each change"),
    (
        "note",
        (
            "vrrp_iptables vrrp_ipsets nftables nftables_priority nftables_counters "
            "nftables_ifindex nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark "
            "disable_local_igmp"
        ),
        NFT,
    ),
    (
        "note",
        (
            "vrrp_priority checker_priority bfd_priority vrrp_no_swap checker_no_swap bfd_no_swap "
            "vrrp_cpu_affinity checker_cpu_affinity bfd_cpu_affinity vrrp_rt_priority "
            "checker_rt_priority bfd_rt_priority vrrp_rlimit_rttime checker_rlimit_rttime "
            "bfd_rlimit_rttime vrrp_rlimit_rtime checker_rlimit_rtime bfd_rlimit_rtime "
            "max_auto_priority min_auto_priority_delay"
        ),
        PRIORITY,
    ),
    (
        "note",
        (
            "vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force "
            "vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force "
            "lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force "
            "lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force "
            "process_monitor_rcv_bufs process_monitor_rcv_bufs_force vrrp_rx_bufs_policy "
            "vrrp_rx_bufs_multiplier tmp_config_directory config_save_dir random_seed "
            "dynamic_interfaces allow_if_changes linkbeat_use_polling data_use_instance"
        ),
        BUFFERS,
    ),
    (
        "note",
        (
            "process_names process_name vrrp_process_name checker_process_name bfd_process_name "
            "vmac_prefix vmac_addr_prefix instance net_namespace use_pid_dir"
        ),
        NAMES,
    ),
)

SCRIPT = _table(
    ("note", "init_fail", "the first run decides"),
)

NOTIFY_ONLY = _table(
    ("warning", "smtp_alert", MAIL),
    (
        "warning",
        "notify_deleted notify_master_rx_lower_pri notify_priority_changes",
        "lbd calls for master, backup, fault and stop",
    ),
)

GROUP = NOTIFY_ONLY | _table(
    ("warning", "track_bfd", BFD),
    ("warning", "track_file", "lbd tracks no files; a script can read one"),
)

INSTANCE = NOTIFY_ONLY | _table(
    ("warning", "track_bfd", BFD),
    ("warning", "track_file", "lbd tracks no files; a script can read one"),
    ("warning", "virtual_rules", RULES),
    ("warning", "use_vmac_addr", "virtual_mac holds for the instance's own port"),
    ("warning", "use_ipvlan", "lbd puts virtual addresses on the port or its virtual MAC"),
    ("warning", "vrf", "lbd does not bind to a VRF"),
    ("warning", "garp_lower_prio_delay garp_lower_prio_repeat", LOWER),
    ("warning", "garp_master_refresh_repeat", "a refresh is one gratuitous ARP an address"),
    (
        "warning",
        "garp_extra_if garp_extra_if_vmac",
        "lbd announces an address on the port that it is on",
    ),
    ("note", "higher_prio_send_advert", "lbd always does"),
    ("warning", "unicast_ttl", "lbd sends with TTL 255"),
    (
        "warning",
        "lvs_sync_daemon_interface lvs_sync_daemon",
        "lbd does not speak the sync protocol of IPVS",
    ),
    ("warning", "linkbeat_use_polling", "lbd sees the link by its driver"),
    ("note", "vmac_xmit_base", "lbd sends from the virtual MAC, as the RFC has it"),
    ("note", "promote_secondaries", "lbd removes only the address that goes"),
    ("note", "track_src_ip", "lbd is in fault without its source address anyhow"),
    ("note", "unicast_fault_no_peer", "unicast without peers is an error in lb.yaml"),
    ("note", "check_unicast_src", "lbd always checks the source"),
    ("note", "skip_check_adv_addr", "lbd counts a list that differs"),
    ("note", "lower_prio_no_advert", "lbd follows the RFC"),
    ("note", "native_ipv6", "the addresses say the family"),
    ("note", "preempt", "it is the default"),
    ("note", "debug kernel_rx_buf_size", BUFFERS),
)

SERVICE = _table(
    ("warning", "smtp_alert", MAIL),
    ("warning", "omega", "lbd runs no commands for servers when it stops"),
    ("warning", "persistence_engine", "lbd persists by client address only"),
    ("warning", "sorry_server_inhibit", "lbd takes the sorry server out when the quorum is back"),
    ("note", "warmup", "lbd spreads first checks over the interval"),
    ("note", "snmp_name", "used as the service's name where it is a word of its own"),
    ("note", "nat_mask hashed", "keepalived itself ignores it"),
    ("note", "ip_family", "the listens say the family"),
)

SERVER = _table(
    ("warning", "smtp_alert", MAIL),
    ("note", "warmup", "lbd spreads first checks over the interval"),
    ("note", "snmp_name", NAMES),
)

CHECK = _table(
    ("warning", "bind_if", "lbd's checks leave by the route to the server"),
    ("warning", "bind_port", "lbd's checks leave from a free port"),
    ("warning", "fwmark", "lbd's checks carry no mark"),
    ("note", "warmup", "lbd spreads first checks over the interval"),
    ("note", "log_all_failures", "lbd logs each change with its reason"),
    ("note", "alpha", "initial of the service says it"),
    ("note", "fast_recovery", "each URL is a check of its own and all run at once"),
    ("note", "http_protocol", "lbd speaks HTTP/1.1 and asks to close"),
)

URL = _table(
    (
        "warning",
        "regex_options regex_min_offset regex_max_offset",
        "lbd's match has no options; write the expression without them",
    ),
    ("note", "regex_stack", BUFFERS),
)
