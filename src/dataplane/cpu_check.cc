// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

// Says in one line that this CPU is too old for how lbd was built, instead of dying of an illegal
// instruction. It has to run before any other code of ours, static initializers included, and to be
// compiled for any x86-64 itself: so it is a constructor of the first priority, in a library of its
// own, and uses no header that holds code (an inline function compiled here and elsewhere would be
// one function in the program, in either version).
//
// LBD_CPU_FEATURES, made by Meson from what the compiler may use under -march: NEEDS("avx2") ...
namespace {

constexpr int kResourceMissing = 3;

template <unsigned long N>
void say(const char (&text)[N]) {
  if (write(STDERR_FILENO, text, N - 1) < 0) _exit(kResourceMissing);
}

template <unsigned long N>
void need(bool there, const char (&feature)[N]) {
  if (there) return;
  say("lbd: this CPU lacks ");
  say(feature);
  say(", this program was built for " LBD_MACHINE
      ": build it with meson setup -Dmachine=native here, or take a newer CPU\n");
  _exit(kResourceMissing);
}

[[gnu::constructor(101)]] void check_cpu() {
  __builtin_cpu_init();
#define NEEDS(feature) need(__builtin_cpu_supports(feature), feature);
  LBD_CPU_FEATURES
#undef NEEDS
}

}  // namespace
