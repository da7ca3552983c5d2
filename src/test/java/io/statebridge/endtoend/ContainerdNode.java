package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A containerd, real or simulated, and the hand that makes its containers do things. */
interface ContainerdNode extends AutoCloseable {
  Path socket();

  /** A namespace that is this test's alone. */
  String namespace(String word);

  void create(ContainerId id, Map<String, String> labels);

  void deleteContainer(ContainerId id);

  void createTask(ContainerId id);

  void startTask(ContainerId id);

  /** Lets the init process of a running task exit by itself. */
  void exit(ContainerId id, int code);

  /** Runs a process in a running container, to its end. */
  void exec(ContainerId id, String execId, int code);

  void pause(ContainerId id);

  void resume(ContainerId id);

  /** Whether it has sandboxers that make no container: before 2.0 there are none. */
  boolean hasSandboxers();

  /** The record of a sandbox of containerd's sandboxer for shims, which has none of that id. */
  void createSandbox(ContainerId id, String criMetadata);

  /** A sandbox that is ready. */
  void runSandbox(ContainerId id);

  /** Lets a sandbox end by itself. */
  void endSandbox(ContainerId id, int code);

  /** Deletes the record of a sandbox. */
  void deleteSandbox(ContainerId id);

  /** Ends containerd; its containers go on. */
  void stop();

  void startAgain();

  @Override
  void close() throws IOException;
}
