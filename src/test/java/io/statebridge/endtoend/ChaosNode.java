package io.statebridge.endtoend;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A containerd, real or simulated, to which faults are done. Containers, and faults of one kind,
 * are for one thread each.
 */
interface ChaosNode extends AutoCloseable {
  Path socket();

  String version();

  /** Of the containers whose tasks the daemon deletes, or of the others. */
  String namespace(boolean daemonDeletes);

  /** Starts it as soon as containerd is up, and notes in it whether that worked. */
  void start(ChaosContainer container);

  /** Has one end that stays. */
  void end(ChaosContainer container);

  /** Notes in it whether it has ended. */
  void observe(ChaosContainer container);

  /** Removes all that containerd has of a container that has ended. */
  void remove(ChaosContainer container);

  /** containerd ends, with warning or without. */
  void stop(boolean cleanly);

  /**
   * containerd is back; whether it drops the tasks that have ended.
   *
   * @param otherVersion whether another version of it comes
   */
  boolean startAgain(boolean otherVersion);

  void freeze();

  void thaw();

  /** Kills the container's shim, if there is one. */
  void killShim(ChaosContainer container);

  /** Stops the container's shim; false if there is none. */
  boolean freezeShim(ChaosContainer container);

  void thawShim(ChaosContainer container);

  @Override
  void close() throws IOException;
}
