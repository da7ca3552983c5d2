package io.statebridge.endtoend;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Timestamp;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.proto.containerd.sandbox.v1.ControllerCreateRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerCreateResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerGrpc;
import io.statebridge.proto.containerd.sandbox.v1.ControllerPlatformRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerPlatformResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerShutdownRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerShutdownResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStartRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStartResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStopRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStopResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitResponse;
import io.statebridge.proto.containerd.sandbox.v1.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A sandboxer for a real containerd 2, which calls it as a plugin. Its sandboxes are a process and
 * no container; the containers in one are run by a real shim. Like some real ones it forgets the
 * pid of a sandbox that has ended, and leaves it to Wait to tell when that was.
 */
final class TrialSandboxer extends ControllerGrpc.ControllerImplBase implements AutoCloseable {
  static final String NAME = "trial";

  private static final int TASK_API_VERSION = 3;

  private final Path directory;
  private final Path socket;
  private final Path containerdSocket;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("trial-sandboxer", true), EpollIoHandler.newFactory());
  private final Map<String, Sandbox> sandboxes = new ConcurrentHashMap<>();
  private final Server server;

  private record End(int code, Instant at) {}

  private record Sandbox(
      Process process, String shim, Instant createdAt, CompletableFuture<End> end) {}

  private TrialSandboxer(Path directory, Path containerdSocket) throws IOException {
    this.directory = Files.createDirectory(directory);
    this.socket = directory.resolve("s.sock");
    this.containerdSocket = containerdSocket;
    server =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .channelType(EpollServerDomainSocketChannel.class)
            .addService(this)
            .build()
            .start();
  }

  /**
   * Starts to serve.
   *
   * @param directory for its socket and its sandboxes' bundles
   */
  static TrialSandboxer start(Path directory, Path containerdSocket) {
    try {
      return new TrialSandboxer(directory, containerdSocket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What containerd's configuration says of it.
   *
   * @param forPods whether containerd's CRI plugin has it make its pods
   */
  String configuration(boolean forPods) {
    String plugin =
        """
        [proxy_plugins.trial]
        type = "sandbox"
        address = "%s"
        """
            .formatted(socket);
    String pods =
        """
        [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"
        sandboxer = "trial"
        """;
    return forPods ? plugin + pods : plugin;
  }

  /** Lets the sandbox's process exit by itself. */
  void end(String id, int code) {
    try (var in = existing(id).process().getOutputStream()) {
      in.write((code + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void create(
      ControllerCreateRequest request, StreamObserver<ControllerCreateResponse> out) {
    answer(out, ControllerCreateResponse.newBuilder().setSandboxId(request.getSandboxId()).build());
  }

  @Override
  public void start(ControllerStartRequest request, StreamObserver<ControllerStartResponse> out) {
    Sandbox sandbox;
    try {
      sandbox = start(request.getSandboxId());
    } catch (IOException e) {
      out.onError(Status.INTERNAL.withDescription(e.toString()).asRuntimeException());
      return;
    }
    answer(
        out,
        ControllerStartResponse.newBuilder()
            .setSandboxId(request.getSandboxId())
            .setPid((int) sandbox.process().pid())
            .setCreatedAt(timestamp(sandbox.createdAt()))
            .setAddress(sandbox.shim())
            .setVersion(TASK_API_VERSION)
            .build());
  }

  private Sandbox start(String id) throws IOException {
    Process process = new ProcessBuilder("/bin/sh", "-c", "read code; exit $code").start();
    CompletableFuture<End> end =
        process.onExit().thenApply(ended -> new End(ended.exitValue(), Instant.now()));
    Sandbox sandbox = new Sandbox(process, startShim(id), Instant.now(), end);
    sandboxes.put(id, sandbox);
    return sandbox;
  }

  /** As containerd would: the shim says where it listens. */
  private String startShim(String id) throws IOException {
    Path bundle = Files.createDirectory(directory.resolve(id));
    Files.writeString(bundle.resolve("config.json"), "{}");
    Files.createFile(bundle.resolve("log"));
    ProcessBuilder builder =
        new ProcessBuilder(
                Program.require("containerd-shim-runc-v2", "containerd").toString(),
                "-namespace",
                CriPods.NAMESPACE,
                "-address",
                containerdSocket.toString(),
                "-publish-binary",
                Program.require("containerd", "containerd").toString(),
                "-id",
                id,
                "start")
            .directory(bundle.toFile());
    builder.environment().put("TTRPC_ADDRESS", containerdSocket + ".ttrpc");
    Program.Result started = Program.run(builder);
    if (started.status() != 0) {
      throw new IOException("no shim for " + id + ": " + started);
    }
    String address = new ObjectMapper().readTree(started.out()).path("address").asText();
    return "ttrpc+" + address;
  }

  @Override
  public void platform(
      ControllerPlatformRequest request, StreamObserver<ControllerPlatformResponse> out) {
    answer(
        out,
        ControllerPlatformResponse.newBuilder()
            .setPlatform(
                Platform.newBuilder().setOs("linux").setArchitecture(ImageArchive.architecture()))
            .build());
  }

  @Override
  public void status(
      ControllerStatusRequest request, StreamObserver<ControllerStatusResponse> out) {
    Sandbox sandbox = sandboxes.get(request.getSandboxId());
    if (sandbox == null) {
      notFound(out);
      return;
    }
    boolean ready = !sandbox.end().isDone();
    answer(
        out,
        ControllerStatusResponse.newBuilder()
            .setSandboxId(request.getSandboxId())
            .setState(ready ? "SANDBOX_READY" : "SANDBOX_NOTREADY")
            .setPid(ready ? (int) sandbox.process().pid() : 0)
            .setCreatedAt(timestamp(sandbox.createdAt()))
            .setAddress(sandbox.shim())
            .setVersion(TASK_API_VERSION)
            .build());
  }

  @Override
  public void wait(ControllerWaitRequest request, StreamObserver<ControllerWaitResponse> out) {
    Sandbox sandbox = sandboxes.get(request.getSandboxId());
    if (sandbox == null) {
      notFound(out);
      return;
    }
    // Without a handler, answering a caller that has left would throw.
    ((ServerCallStreamObserver<ControllerWaitResponse>) out).setOnCancelHandler(() -> {});
    sandbox
        .end()
        .thenAccept(
            end ->
                answer(
                    out,
                    ControllerWaitResponse.newBuilder()
                        .setExitStatus(end.code())
                        .setExitedAt(timestamp(end.at()))
                        .build()));
  }

  @Override
  public void stop(ControllerStopRequest request, StreamObserver<ControllerStopResponse> out) {
    Sandbox sandbox = sandboxes.get(request.getSandboxId());
    if (sandbox != null) {
      sandbox.process().destroyForcibly();
      sandbox.end().join();
    }
    answer(out, ControllerStopResponse.getDefaultInstance());
  }

  @Override
  public void shutdown(
      ControllerShutdownRequest request, StreamObserver<ControllerShutdownResponse> out) {
    remove(request.getSandboxId());
    answer(out, ControllerShutdownResponse.getDefaultInstance());
  }

  private void remove(String id) {
    Sandbox sandbox = sandboxes.remove(id);
    if (sandbox == null) {
      return;
    }
    sandbox.process().destroyForcibly().onExit().join();
    Leftovers.shims(containerdSocket).stream()
        .filter(shim -> shim.info().commandLine().orElse("").contains(id))
        .forEach(ProcessHandle::destroyForcibly);
    try {
      Files.deleteIfExists(Path.of(sandbox.shim().substring(sandbox.shim().indexOf("://") + 3)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Sandbox existing(String id) {
    Sandbox sandbox = sandboxes.get(id);
    if (sandbox == null) {
      throw new IllegalStateException("no sandbox " + id);
    }
    return sandbox;
  }

  private static <A> void answer(StreamObserver<A> out, A answer) {
    out.onNext(answer);
    out.onCompleted();
  }

  private static void notFound(StreamObserver<?> out) {
    out.onError(Status.NOT_FOUND.asRuntimeException());
  }

  private static Timestamp timestamp(Instant at) {
    return Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()).build();
  }

  @Override
  public void close() {
    List.copyOf(sandboxes.keySet()).forEach(this::remove);
    server.shutdownNow();
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
