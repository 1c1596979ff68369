#include "run/signal_watch.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>

namespace elbow {

SignalWatch::SignalWatch() {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    // A blocked signal reaches the descriptor even where it is ignored.
    if (action.sa_handler != SIG_IGN) sigaddset(&watched, signal);
  }
  descriptor_ = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor_ < 0)
    throw Error(std::string("cannot wait for signals (signalfd): ") + std::strerror(errno));
  sigprocmask(SIG_BLOCK, &watched, &previous_);
}

SignalWatch::~SignalWatch() {
  close(descriptor_);
  sigprocmask(SIG_SETMASK, &previous_, nullptr);
}

int SignalWatch::next() {
  signalfd_siginfo info;
  return read(descriptor_, &info, sizeof info) == sizeof info ? int(info.ssi_signo) : 0;
}

}  // namespace elbow
