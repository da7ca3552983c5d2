package io.statebridge.daemon.sync.simulation;

/** What a step of a schedule does. One that does not apply to what it finds does nothing. */
enum Op {
  /** Container metadata is created. */
  CREATE_CONTAINER,
  /** Its labels are changed. */
  UPDATE_CONTAINER,
  /** Container metadata is deleted, whatever becomes of the task. */
  DELETE_CONTAINER,
  /** A task is created; {@code arg} 1: with the pid of an ended process of another container. */
  CREATE_TASK,
  START,
  PAUSE,
  RESUME,
  /** An out-of-memory event. */
  OOM,
  /** The init process ends with code {@code arg}. */
  EXIT,
  /** An exec ends with code {@code arg}; {@code arg2} 1: its pid is the init process's. */
  EXEC_EXIT,
  /** Another client deletes the task. */
  DELETE_TASK,
  /** The CRI plugin could not create the task. */
  FAIL_START,
  /** The shim is killed; {@code arg}: code that containerd makes up, {@code arg2}: which pid. */
  KILL_SHIM,
  /** The shim answers nothing for {@code arg} ms. */
  HANG_SHIM,
  /**
   * containerd is away for {@code arg} ms; {@code arg2} 1: its CRI plugin is the other way then.
   */
  RESTART_CONTAINERD,
  /** The wall clock is set forward by {@code arg} ms, or back. */
  STEP_CLOCK,
  /**
   * The daemon is killed {@code arg2} tasks of its loop later, and is back after {@code arg} ms.
   */
  CRASH,
  /** The disk writes nothing for {@code arg} ms. */
  STICK_DISK,
  /** The event stream ends; {@code arg} 1: by error. */
  CUT_STREAM,
  /** The event stream tells nothing more and does not end. */
  SILENCE_STREAM,
  /** The next event of the container is lost. */
  DROP_EVENT,
  /** The next event of the container comes twice, the second time {@code arg} ms later. */
  DUPLICATE_EVENT,
  /** The next event of the container is late by {@code arg} ms. */
  DELAY_EVENT,
  /** The next probe is lost. */
  DROP_PROBE,
  /** The next {@code count} calls of a kind go wrong; see {@link CallFault}. */
  FAULT_CALL,
  /** The answer to an open Wait is never told. */
  LOSE_WAIT,
  /** The connections of open Waits break. */
  BREAK_WAITS
}
