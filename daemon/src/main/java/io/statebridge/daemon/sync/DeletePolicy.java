package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerRuntime;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * In which namespaces we delete the tasks that exit. Two deleters race, and a task deleted under
 * containerd's CRI plugin costs that plugin the true exit code; so by itself the policy deletes
 * only in k8s.io, and only if nobody else does.
 *
 * <p>Changed by the loop, read by any thread.
 */
public final class DeletePolicy {

  private static final Logger log = LoggerFactory.getLogger(DeletePolicy.class);

  /** What the configuration says of a namespace. */
  public enum Setting {
    AUTO,
    ALWAYS,
    NEVER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What was decided for a namespace, and why. */
  public record Decision(String namespace, Setting configured, boolean deletes, String why) {}

  private final Setting fallback;
  private final Map<String, Setting> configured;
  private final Set<String> seen = new ConcurrentSkipListSet<>();

  /**
   * Before the runtime has answered, assume that its CRI plugin is there: a Delete that was not
   * made can be made later.
   */
  private volatile boolean criPluginLoaded = true;

  // Loop only.
  private boolean known;

  /**
   * @param fallback for namespaces that are not configured
   * @param configured by namespace
   */
  public DeletePolicy(Setting fallback, Map<String, Setting> configured) {
    this.fallback = fallback;
    this.configured = Map.copyOf(configured);
    seen.addAll(configured.keySet());
  }

  /** Whether the configuration names namespaces at all; if so, the others are not followed. */
  boolean follows(String namespace) {
    return configured.isEmpty() || configured.containsKey(namespace);
  }

  Set<String> configuredNamespaces() {
    return configured.keySet();
  }

  /** The runtime has answered: log what was chosen, at first and whenever that changes. */
  void criPluginLoaded(boolean loaded) {
    Map<String, Decision> before = known ? decisions() : Map.of();
    known = true;
    criPluginLoaded = loaded;
    decisions()
        .forEach(
            (namespace, decision) -> {
              if (!decision.equals(before.get(namespace))) {
                say(decision);
              }
            });
  }

  boolean deletes(String namespace) {
    if (seen.add(namespace)) {
      say(decide(namespace));
    }
    return decide(namespace).deletes();
  }

  /** For every namespace that is configured or has been met. */
  public Map<String, Decision> decisions() {
    Map<String, Decision> all = new TreeMap<>();
    seen.forEach(namespace -> all.put(namespace, decide(namespace)));
    return all;
  }

  private Decision decide(String namespace) {
    Setting setting = configured.getOrDefault(namespace, fallback);
    return switch (setting) {
      case ALWAYS -> new Decision(namespace, setting, true, "configured");
      case NEVER -> new Decision(namespace, setting, false, "configured");
      case AUTO -> {
        if (!namespace.equals(ContainerRuntime.CRI_NAMESPACE)) {
          yield new Decision(namespace, setting, false, "its tasks belong to another client");
        }
        yield criPluginLoaded
            ? new Decision(namespace, setting, false, "containerd's CRI plugin deletes them")
            : new Decision(namespace, setting, true, "containerd's CRI plugin is not loaded");
      }
    };
  }

  private static void say(Decision decision) {
    log.info(
        "namespace {}: exited tasks are {} ({}: {})",
        decision.namespace(),
        decision.deletes() ? "deleted" : "left alone",
        decision.configured(),
        decision.why());
  }
}
