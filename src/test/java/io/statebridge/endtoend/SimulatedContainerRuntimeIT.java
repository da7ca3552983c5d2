package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

final class SimulatedContainerRuntimeIT extends ContainerRuntimeContract {

  SimulatedContainerRuntimeIT() {
    super(new SimulatedNode());
  }

  private static final class SimulatedNode implements ContainerdNode {
    private final Scratch scratch = Scratch.create();
    private final SimulatedContainerd containerd = start(scratch.resolve("c.sock"));
    private final AtomicInteger execPids = new AtomicInteger(9_000_000);
    private final AtomicInteger sandboxPids = new AtomicInteger(9_500_000);
    private boolean stopped;

    private static SimulatedContainerd start(Path socket) {
      try {
        return SimulatedContainerd.start(socket);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public Path socket() {
      return containerd.socket();
    }

    @Override
    public String namespace(String word) {
      return word;
    }

    @Override
    public void create(ContainerId id, Map<String, String> labels) {
      containerd.createContainer(id.namespace(), id.id(), labels);
    }

    @Override
    public void deleteContainer(ContainerId id) {
      containerd.deleteContainer(id.namespace(), id.id());
    }

    @Override
    public void createTask(ContainerId id) {
      containerd.createTask(id.namespace(), id.id());
    }

    @Override
    public void startTask(ContainerId id) {
      containerd.startTask(id.namespace(), id.id());
    }

    @Override
    public void exit(ContainerId id, int code) {
      containerd.exit(id.namespace(), id.id(), code);
    }

    @Override
    public void exec(ContainerId id, String execId, int code) {
      containerd.execExit(id.namespace(), id.id(), execId, execPids.incrementAndGet(), code);
    }

    @Override
    public void pause(ContainerId id) {
      containerd.pause(id.namespace(), id.id());
    }

    @Override
    public void resume(ContainerId id) {
      containerd.resume(id.namespace(), id.id());
    }

    @Override
    public boolean hasSandboxers() {
      containerd.sandboxes().serve(true);
      return true;
    }

    @Override
    public void createSandbox(ContainerId id, String criMetadata) {
      containerd.sandboxes().create(id.namespace(), id.id(), criMetadata);
    }

    @Override
    public void runSandbox(ContainerId id) {
      createSandbox(id, "{}");
      containerd.sandboxes().start(id.namespace(), id.id(), sandboxPids.incrementAndGet());
    }

    @Override
    public void endSandbox(ContainerId id, int code) {
      containerd.sandboxes().end(id.namespace(), id.id(), code);
    }

    @Override
    public void deleteSandbox(ContainerId id) {
      containerd.sandboxes().delete(id.namespace(), id.id());
    }

    @Override
    public void stop() {
      containerd.stop();
      stopped = true;
    }

    @Override
    public void startAgain() {
      if (stopped) {
        containerd.restart();
      }
    }

    @Override
    public void close() {
      try (scratch) {
        containerd.close();
      }
    }
  }
}
