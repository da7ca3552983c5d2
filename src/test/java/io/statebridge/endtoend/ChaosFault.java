package io.statebridge.endtoend;

/** What is done to the processes and the disk, and to which of them. */
enum ChaosFault {
  DAEMON_KILL("daemon: kill -9", Target.DAEMON),
  DAEMON_STOP("daemon: SIGSTOP", Target.DAEMON),
  DAEMON_RESTART("daemon: clean restart", Target.DAEMON),
  CONTAINERD_KILL("containerd: kill -9", Target.CONTAINERD),
  CONTAINERD_STOP("containerd: SIGSTOP", Target.CONTAINERD),
  CONTAINERD_RESTART("containerd: clean restart", Target.CONTAINERD),
  /** A real containerd's next version in place; the simulated one forgets as 1.7 does. */
  CONTAINERD_VERSION("containerd: another version", Target.CONTAINERD),
  SHIM_KILL("shim: kill -9", Target.SHIM),
  SHIM_STOP("shim: SIGSTOP", Target.SHIM),
  DISK_FULL("disk: full", Target.DISK);

  /** Faults of one target follow each other; those of different targets overlap. */
  enum Target {
    DAEMON,
    CONTAINERD,
    SHIM,
    DISK
  }

  final String words;
  final Target target;

  ChaosFault(String words, Target target) {
    this.words = words;
    this.target = target;
  }
}
