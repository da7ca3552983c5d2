package io.statebridge.daemon.ops;

import io.statebridge.daemon.containerd.ContainerdChannel;
import io.statebridge.daemon.containerd.GrpcContainerRuntime;
import io.statebridge.daemon.rpc.ApiServer;
import io.statebridge.daemon.sync.DeletePolicy;
import io.statebridge.daemon.sync.Durability;
import io.statebridge.daemon.sync.Sync;
import io.statebridge.daemon.sync.SyncSettings;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.security.SecureRandom;
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
  private final Sync sync;
  private final ApiServer api;

  private Daemon(SyncThread loop, ContainerdChannel channel, Sync sync, ApiServer api) {
    this.loop = loop;
    this.channel = channel;
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
    SecureRandom random = new SecureRandom();
    ContainerStore store =
        new ContainerStore(HexFormat.of().toHexDigits(random.nextLong()), config.changeLogSize());
    SyncThread loop = new SyncThread();
    ContainerdChannel channel = ContainerdChannel.to(config.containerdSocket());
    Sync sync =
        new Sync(
            loop,
            store,
            new GrpcContainerRuntime(channel),
            List.of(),
            Durability.NONE,
            new DeletePolicy(config.deleteExitedTasks(), config.namespaces()),
            SyncSettings.DEFAULTS.withTimes(config.finalizeAfter(), config.reconcileInterval()),
            random,
            ProcFileSystem.LINUX);
    ApiServer api;
    try {
      api =
          ApiServer.start(
              config.listen(), store, sync, version, config.containerdSocket().toString());
    } catch (IOException e) {
      channel.close();
      loop.close();
      throw e;
    }
    log.info(
        "statebridge {} serves on {} and follows {}",
        version,
        config.listen(),
        config.containerdSocket());
    sync.start();
    return new Daemon(loop, channel, sync, api);
  }

  @Override
  public void close() {
    log.info("stopping");
    api.close();
    sync.stop();
    loop.close();
    channel.close();
    log.info("stopped");
  }
}
