// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// DPDK, libbpf and libxdp print to the terminal. Here they are led into lbd's own log at level
// debug; the last errors are kept, so that a message of ours can name the cause.
namespace lbd {

/// Call before rte_eal_init. Lasts until the process ends.
void redirect_eal_log();

/// Forgets the errors seen so far.
void clear_eal_errors();
/// The first error line since then, " (...)" ready to be appended to a message; empty if none.
std::string eal_cause();

}  // namespace lbd
