package io.statebridge.daemon.ops;

import io.statebridge.api.ExitWaiter;
import io.statebridge.daemon.clients.ClientBounds;
import io.statebridge.daemon.clients.ClientLimits;
import io.statebridge.daemon.containerd.ContainerdChannel;
import io.statebridge.daemon.containerd.ContainerdExitWaiter;
import io.statebridge.daemon.containerd.GrpcContainerRuntime;
import io.statebridge.daemon.containerd.GrpcContainerUsage;
import io.statebridge.daemon.cri.CriServices;
import io.statebridge.daemon.ops.Config.ExitWatchers;
import io.statebridge.daemon.rpc.ApiServer;
import io.statebridge.daemon.rpc.Listener;
import io.statebridge.daemon.shim.ShimExitWaiter;
import io.statebridge.daemon.sync.DeletePolicy;
import io.statebridge.daemon.sync.Sync;
import io.statebridge.daemon.sync.SyncSettings;
import io.statebridge.store.Checkpoint;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole daemon in one process, put together in order of dependency and taken apart in reverse.
 */
public final class Daemon implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Daemon.class);

  private final SyncThread loop;
  private final ContainerdChannel channel;
  private final ShimExitWaiter shims;
  private final Checkpoint checkpoint;
  private final Sync sync;
  private final ApiServer api;

  private Daemon(
      SyncThread loop,
      ContainerdChannel channel,
      ShimExitWaiter shims,
      Checkpoint checkpoint,
      Sync sync,
      ApiServer api) {
    this.loop = loop;
    this.channel = channel;
    this.shims = shims;
    this.checkpoint = checkpoint;
    this.sync = sync;
    this.api = api;
  }

  /**
   * Starts to serve and to follow containerd, which need not be there yet.
   *
   * @param version our own
   * @throws IOException when the socket cannot be listened on
   */
  public static Daemon start(Config config, String version) throws IOException {
    Listener listener = Listener.claim(config.listen(), System.getenv());
    SecureRandom random = new SecureRandom();
    ContainerStore store =
        new ContainerStore(
            HexFormat.of().toHexDigits(random.nextLong()),
            config.changeLogSize(),
            config.retainRemoved(),
            InstantSource.system(),
            System::nanoTime);
    Checkpoint checkpoint =
        config.checkpoint() ? Checkpoint.open(config.checkpointDirectory()) : Checkpoint.disabled();
    store.restore(checkpoint.load());
    checkpoint.loadOutOfMemory().forEach(store::noteOutOfMemory);
    if (checkpoint.loadComplete()) {
      store.complete();
    }
    checkpoint.follow(store);
    SyncThread loop = new SyncThread(e -> FatalError.end("the sync loop", e));
    ContainerdChannel channel = ContainerdChannel.to(config.containerdSocket());
    ShimExitWaiter shims = new ShimExitWaiter();
    GrpcContainerRuntime runtime = new GrpcContainerRuntime(channel);
    Sync sync =
        new Sync(
            loop,
            store,
            runtime,
            exitWaiters(config.exitWatch(), shims, new ContainerdExitWaiter(channel, runtime)),
            checkpoint::durable,
            new DeletePolicy(config.deleteExitedTasks(), config.namespaces()),
            SyncSettings.DEFAULTS.withTimes(config.finalizeAfter(), config.reconcileInterval()),
            random,
            ProcFileSystem.LINUX);
    CriServices.Settings cri =
        new CriServices.Settings(
            config.cri().namespaces(),
            config.cri().forward(),
            channel.grpc(),
            config.containerdSocket().toString(),
            runtime::describe,
            new GrpcContainerUsage(channel));
    ApiServer api;
    try {
      api =
          ApiServer.start(
              listener,
              new ClientBounds(ClientLimits.ofHeap(Runtime.getRuntime().maxMemory())),
              store,
              sync,
              checkpoint,
              version,
              config.containerdSocket().toString(),
              (openCalls, executor) ->
                  CriServices.of(cri, store, sync::status, sync::settle, openCalls, executor));
    } catch (IOException e) {
      shims.close();
      channel.close();
      loop.close();
      checkpoint.close();
      throw e;
    }
    log.info(
        "statebridge {} serves on {} and follows {}", version, listener, config.containerdSocket());
    if (config.cri().forward()) {
      log.info("what it does not serve of the CRI passes through to containerd");
    }
    sync.start();
    return new Daemon(loop, channel, shims, checkpoint, sync, api);
  }

  private static List<ExitWaiter> exitWaiters(
      ExitWatchers who, ShimExitWaiter shims, ContainerdExitWaiter containerd) {
    return switch (who) {
      case AUTO -> List.of(shims, containerd);
      case SHIM -> List.of(shims);
      case CONTAINERD -> List.of(containerd);
      case OFF -> List.of();
    };
  }

  @Override
  public void close() {
    log.info("stopping");
    api.close();
    sync.stop();
    loop.close();
    shims.close();
    channel.close();
    checkpoint.close();
    log.info("stopped");
  }
}
