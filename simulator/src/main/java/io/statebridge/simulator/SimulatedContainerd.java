package io.statebridge.simulator;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.cri.v1.ContainerStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A containerd that runs no containers, on a unix socket. Containers, tasks and exits are played
 * from here; everybody else sees them through containerd's own services. Thread-safe, but for
 * {@link #stop}, {@link #restart} and {@link #close}, which are for one thread.
 */
public final class SimulatedContainerd implements AutoCloseable {

  /** What it says that it is. */
  public static final String VERSION = "1.6.20-simulated";

  /** The pid that containerd puts into the exit of a shim that died (another is 0). */
  public static final int DEAD_SHIM_PID = -1;

  /** Where it says that it keeps the layers of containers. */
  public static final String SNAPSHOTS = "/overlays";

  private static final String SNAPSHOTTER = "overlayfs";

  private static final long STOP_SECONDS = 5;

  private final Path socket;
  private final EventLoopGroup eventLoop;
  private final ScheduledExecutorService serial;
  private final Faults faults = new Faults();
  private final Stopped stopped = new Stopped();
  private final Calls calls;
  private final EventBroker events;
  private final Node node;
  private final CriService cri;
  private final SimulatedImages images = new SimulatedImages();
  private final Usage usage;
  private final Sandboxes sandboxes = new Sandboxes();
  private volatile boolean criPluginLoaded;
  private @Nullable Server server;

  private SimulatedContainerd(Path socket) {
    this.socket = socket;
    eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("simulator-io", true), EpollIoHandler.newFactory());
    serial =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("simulator").daemon().factory());
    calls = new Calls(faults, stopped, serial);
    events = new EventBroker(serial);
    cri = new CriService(calls, () -> criPluginLoaded);
    usage = new Usage();
    node = new Node(events, socket.toAbsolutePath().resolveSibling(""), calls);
  }

  /**
   * Starts to serve.
   *
   * @param socket where; whatever is there already is replaced
   */
  public static SimulatedContainerd start(Path socket) throws IOException {
    SimulatedContainerd containerd = new SimulatedContainerd(socket);
    containerd.serve();
    return containerd;
  }

  private void serve() throws IOException {
    Files.deleteIfExists(socket);
    ServerBuilder<?> builder =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .channelType(EpollServerDomainSocketChannel.class)
            .directExecutor()
            .intercept(calls);
    services().forEach(builder::addService);
    node.containerdIsUp(true);
    server = builder.build().start();
  }

  private List<BindableService> services() {
    List<BindableService> services =
        new ArrayList<>(NodeServices.of(calls, node, VERSION, () -> criPluginLoaded));
    services.add(new ContainersService(calls, node));
    services.add(new TasksService(calls, node, usage));
    services.add(new EventsService(calls, events));
    services.add(cri);
    services.addAll(ImageServices.of(calls, images, () -> criPluginLoaded));
    services.addAll(SandboxServices.of(calls, sandboxes));
    return services;
  }

  public Path socket() {
    return socket;
  }

  /** What is to go wrong with calls. */
  public Faults faults() {
    return faults;
  }

  /** What is to go wrong with events. */
  public EventBroker events() {
    return events;
  }

  /** The shims, and what is to go wrong with them. */
  public Shims shims() {
    return node.shims();
  }

  /** The images, and what the CRI plugin says of them. */
  public SimulatedImages images() {
    return images;
  }

  /** The sandboxes that have no container. */
  public Sandboxes sandboxes() {
    return sandboxes;
  }

  /** How often each call was made, by names such as Tasks/Delete and Shim/Wait. */
  public Map<String, Long> calls() {
    return calls.counts();
  }

  /** Whether there is a CRI plugin. It deletes no tasks; it only remembers. */
  public void criPluginLoaded(boolean loaded) {
    criPluginLoaded = loaded;
  }

  /** What the CRI plugin says of a container from now on. */
  public void criRemembers(ContainerStatus status) {
    cri.remember(status);
  }

  /** What a container's cgroup counts from now on. */
  public void setMetrics(String namespace, String id, Message metrics) {
    usage.setTask(new Key(namespace, id), metrics);
  }

  /** A container has a layer of its own, of this size, from now on. */
  public void setLayer(String namespace, String id, long bytes, long inodes) {
    images.addSnapshot(namespace, SNAPSHOTTER, id, bytes, inodes);
  }

  /** A container without a task. */
  public void createContainer(String namespace, String id, Map<String, String> labels) {
    node.createContainer(namespace, container(id).putAllLabels(labels).build());
  }

  /** A container without a task, with whatever its creator says of it. */
  public void createContainer(String namespace, Container container) {
    node.createContainer(namespace, container);
  }

  /** A container without a task, in a pod, whose containers share one shim. */
  public void createContainerInPod(String namespace, String id, String sandboxId) {
    node.createContainer(namespace, container(id).setSandbox(sandboxId).build());
  }

  private static Container.Builder container(String id) {
    return Container.newBuilder()
        .setId(id)
        .setImage("simulated:latest")
        .setSnapshotter(SNAPSHOTTER)
        .setSnapshotKey(id)
        .setRuntime(Container.Runtime.newBuilder().setName("io.containerd.runc.v2"));
  }

  /** Deletes the container's metadata, and not its task. */
  public void deleteContainer(String namespace, String id) {
    node.deleteContainer(new Key(namespace, id));
  }

  /** Creates a task that is yet to be started; its init process's pid. */
  public int createTask(String namespace, String id) {
    return node.createTask(new Key(namespace, id)).pid();
  }

  public void startTask(String namespace, String id) {
    node.startTask(new Key(namespace, id));
  }

  /** A container whose task runs; its init process's pid. */
  public int run(String namespace, String id) {
    createContainer(namespace, id, Map.of());
    int pid = createTask(namespace, id);
    startTask(namespace, id);
    return pid;
  }

  /** The init process ends; when it did. */
  public Instant exit(String namespace, String id, int code) {
    return node.exit(new Key(namespace, id), code, true);
  }

  /** The init process ends and its event is lost for good; when it ended. */
  public Instant exitSilently(String namespace, String id, int code) {
    return node.exit(new Key(namespace, id), code, false);
  }

  /** A process that was executed in the container ends. */
  public void execExit(String namespace, String id, String execId, int pid, int code) {
    node.execExit(new Key(namespace, id), execId, pid, code);
  }

  public void outOfMemory(String namespace, String id) {
    node.outOfMemory(new Key(namespace, id));
  }

  /**
   * The shim dies and containerd, if it is up, has noticed: the task is gone, with all that shared
   * its shim, and an exit with code 137 is made up, for this one only.
   *
   * @param pidInEvent the init process's, 0, or {@link #DEAD_SHIM_PID}
   */
  public void killShim(String namespace, String id, int pidInEvent) {
    node.shimDied(new Key(namespace, id), pidInEvent);
  }

  public void pause(String namespace, String id) {
    node.setPaused(new Key(namespace, id), true);
  }

  public void resume(String namespace, String id) {
    node.setPaused(new Key(namespace, id), false);
  }

  /** Somebody else deletes the task. */
  public void deleteTask(String namespace, String id) {
    node.task(new Key(namespace, id)).ifPresent(node::removeTask);
  }

  public boolean hasTask(String namespace, String id) {
    return node.task(new Key(namespace, id)).isPresent();
  }

  /** An event as it is, whatever it says. */
  public void publish(String namespace, String topic, Any event) {
    events.publishAny(namespace, topic, event);
  }

  /** containerd is stopped where it is, as by SIGSTOP: nobody is answered, nothing is told. */
  public void freeze() {
    events.stop();
    stopped.stopContainerd();
  }

  public void thaw() {
    stopped.continueContainerd();
    events.goOn();
  }

  /**
   * The task's shim is stopped where it is. It would not notice the end of its process before it
   * goes on: whoever plays that end has to wait.
   */
  public void freezeShim(String namespace, String id) {
    stopped.stopShim(new Key(namespace, id));
  }

  public void thawShim(String namespace, String id) {
    stopped.continueShim(new Key(namespace, id));
  }

  /** containerd ends. Containers go on; what happens to them now makes no event. */
  public void stop() {
    node.containerdIsUp(false);
    Server running = server;
    if (running != null) {
      server = null;
      running.shutdownNow();
      awaitTermination(running);
    }
  }

  /** containerd is back, and lists what ended meanwhile, as 1.6 does. */
  public void restart() {
    stop();
    try {
      serve();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot serve on " + socket + " again", e);
    }
  }

  /** containerd is back, and has forgotten what ended meanwhile, as it does from 1.7 on. */
  public void restartForgettingEndedTasks() {
    stop();
    node.forgetEndedTasks();
    restart();
  }

  @Override
  public void close() {
    stop();
    node.shims().close();
    serial.shutdownNow();
    eventLoop.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static void awaitTermination(Server server) {
    try {
      server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
