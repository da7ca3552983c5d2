package io.statebridge.api;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The port to the runtime. Calls return at once; a stage fails with {@link RuntimeFailure} and
 * nothing else, and completes on a thread of the implementation's choosing, so callers move to
 * their own executor first. Every call has a deadline: no stage stays open for ever. Thread-safe.
 */
public interface ContainerRuntime {

  /** The namespace in which the runtime's own CRI plugin keeps its containers. */
  String CRI_NAMESPACE = "k8s.io";

  /**
   * A subscription's other end; called by one thread at a time, in order, and not after {@link
   * #ended}.
   */
  interface EventListener {

    /**
     * The next event. The runtime may send a bounded number more before {@link
     * EventStream#processed} is called.
     */
    void next(ContainerEvent event);

    /** The stream is over, by error or by a clean end, which is just as bad. */
    void ended(RuntimeFailure why);
  }

  /** An open subscription. */
  interface EventStream extends AutoCloseable {

    /** One event has been dealt with: room for one more. */
    void processed();

    /** Ends the subscription; the listener hears no more. Idempotent. */
    @Override
    void close();
  }

  /**
   * Asks for all events of all namespaces from now on.
   *
   * @param probeTopic events of this topic come as {@link ContainerEvent.Probe}
   */
  EventStream subscribe(String probeTopic, EventListener listener);

  /** Publishes an event of the topic, for a subscription to prove that it is live. */
  CompletionStage<Void> publishProbe(String topic);

  /** The runtime's version, such as 1.6.20. */
  CompletionStage<String> version();

  /**
   * Whether the runtime's own CRI plugin is loaded; it deletes the tasks of its namespace itself.
   */
  CompletionStage<Boolean> criPluginLoaded();

  /** All namespaces that the runtime knows. */
  CompletionStage<List<String>> namespaces();

  /** All containers of a namespace. */
  CompletionStage<List<ContainerInfo>> listContainers(String namespace);

  /** The tasks of a namespace that answered in time: absence means nothing. */
  CompletionStage<List<TaskInfo>> listTasks(String namespace);

  /** Fails with NOT_FOUND when there is no such container. */
  CompletionStage<ContainerInfo> getContainer(ContainerId id);

  /** Fails with NOT_FOUND when the container has no task, or one whose shim is gone. */
  CompletionStage<TaskInfo> getTask(ContainerId id);

  /**
   * How a container without a task ended, as the runtime's CRI plugin remembers it, with the source
   * CRI; or a sandbox that has no container, as its sandboxer does, with LISTED. Fails with
   * NOT_FOUND when nothing is remembered: there is no CRI plugin, the container is not its own or
   * has not ended, or nobody knows how.
   */
  CompletionStage<PastRun> pastRun(ContainerId id);

  /** Deletes the task; fails with NOT_FOUND when there is none, which is as good. */
  CompletionStage<Void> deleteTask(ContainerId id);
}
