package io.statebridge.daemon.cli;

import io.statebridge.daemon.ops.Config;
import io.statebridge.daemon.ops.ConfigException;
import io.statebridge.daemon.ops.ConfigFile;
import io.statebridge.daemon.ops.Daemon;
import io.statebridge.daemon.ops.FatalError;
import io.statebridge.daemon.ops.LogQueue;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The daemon in the foreground, until a signal ends it. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Run the daemon in the foreground, until SIGTERM or SIGINT ends it.")
public final class RunCommand implements Callable<Integer> {

  private static final Logger log = LoggerFactory.getLogger(RunCommand.class);

  /**
   * For all parts together: each of them gives the others of its kind some seconds, and systemd has
   * patience for ten. What is not written by then would not be in time either.
   */
  static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A TOML file; the options below override it.")
  private @Nullable Path config;

  @Option(
      names = "--containerd-socket",
      paramLabel = "ADDRESS",
      converter = UnixAddressConverter.class,
      description = "containerd's socket (default: /run/containerd/containerd.sock).")
  private @Nullable Path containerdSocket;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      converter = UnixAddressConverter.class,
      description = "Where to serve (default: /run/statebridge/statebridge.sock).")
  private @Nullable Path listen;

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description = {
        "Where to keep what must survive a restart (default: /var/lib/statebridge,",
        "and a directory below it for a containerd socket that is not the default)."
      })
  private @Nullable Path stateDir;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NS[:auto|always|never]",
      description = {
        "Follow this namespace only; repeat it for more (default: all).",
        "always and never say whether tasks that exited are deleted;",
        "auto (default) deletes in k8s.io if no CRI plugin does."
      })
  private List<String> namespaces = List.of();

  @Override
  public Integer call() throws InterruptedException {
    Config settings = settings();
    FatalError.install();
    Daemon daemon;
    try {
      daemon = Daemon.start(settings, Version.number());
    } catch (IOException e) {
      throw CommandFailure.failed(String.valueOf(e.getMessage()));
    }
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> end(daemon)));
    // Only a signal ends the daemon.
    new CountDownLatch(1).await();
    return ExitStatus.DONE;
  }

  /**
   * Left to itself the JVM reports the signal; a daemon that was asked to end, and did, reports
   * success.
   */
  private static void end(Daemon daemon) {
    if (!ended(daemon::close, CLOSE_WITHIN)) {
      log.warn("still closing after {} s, ending all the same", CLOSE_WITHIN.toSeconds());
    }
    LogQueue.drain();
    Runtime.getRuntime().halt(ExitStatus.DONE);
  }

  /** Runs it, and returns whether it ended in time. */
  static boolean ended(Runnable closing, Duration within) {
    Thread thread = Thread.ofPlatform().name("closing").daemon().start(closing);
    try {
      return thread.join(within);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Config settings() {
    try {
      Config settings = config == null ? Config.DEFAULTS : ConfigFile.read(config);
      if (containerdSocket != null) {
        settings = settings.withContainerdSocket(containerdSocket);
      }
      if (listen != null) {
        settings = settings.withListen(listen);
      }
      if (stateDir != null) {
        settings = settings.withStateDir(stateDir);
      }
      return namespaces.isEmpty() ? settings : settings.withNamespaces(parse(namespaces));
    } catch (ConfigException e) {
      throw new CommandFailure(ExitStatus.USAGE, String.valueOf(e.getMessage()));
    }
  }

  private static Map<String, Setting> parse(List<String> namespaces) {
    Map<String, Setting> settings = new TreeMap<>();
    for (String text : namespaces) {
      int colon = text.indexOf(':');
      String name = colon < 0 ? text : text.substring(0, colon);
      try {
        ConfigFile.checkNamespace(name);
        settings.put(
            name, colon < 0 ? Setting.AUTO : ConfigFile.parseSetting(text.substring(colon + 1)));
      } catch (ConfigException e) {
        throw new CommandFailure(ExitStatus.USAGE, "--namespace " + text + ": " + e.getMessage());
      }
    }
    return settings;
  }
}
