package io.statebridge.daemon.cri;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A name of an image in full, as registries and containerd's CRI plugin write it: {@code busybox}
 * is {@code docker.io/library/busybox}.
 *
 * @param tag empty when there is none
 * @param digest of a manifest; empty when there is none
 */
record ImageReference(String name, String tag, String digest) {

  /** Those that say most first, as the plugin sorts them. */
  static final Comparator<ImageReference> ORDER =
      Comparator.comparing((ImageReference reference) -> reference.tag().isEmpty())
          .thenComparing(reference -> reference.digest().isEmpty())
          .thenComparing(ImageReference::toString);

  private static final String DEFAULT_DOMAIN = "docker.io";
  private static final String OLD_DEFAULT_DOMAIN = "index.docker.io";
  private static final int MAX_NAME = 255;

  /** Longer than any name with its tag and digest; text is a client's, and may be anything. */
  private static final int MAX_TEXT = 1024;

  /** An image's id, which is no name. */
  private static final Pattern ID = Pattern.compile("[a-f0-9]{64}|sha256:[a-f0-9]{64}");

  // Possessive: no text makes the matcher go back and forth.
  private static final String PART = "[a-z0-9]++(?:(?:[._]|__|-++)[a-z0-9]++)*+";
  private static final String HOST =
      "(?:[a-zA-Z0-9][a-zA-Z0-9.-]*+|\\[[a-fA-F0-9:]++\\])(?::[0-9]++)?+";
  private static final Pattern FULL =
      Pattern.compile(
          "(?<name>"
              + HOST
              + "(?:/"
              + PART
              + ")++)(?::(?<tag>\\w[\\w.-]{0,127}+))?+"
              + "(?:@(?<digest>[A-Za-z][A-Za-z0-9+._-]*+:[a-fA-F0-9]{32,}+))?+");

  /** Empty when it is the name of no image, such as an image's id. */
  static Optional<ImageReference> parse(String text) {
    if (text.length() > MAX_TEXT || ID.matcher(text).matches()) {
      return Optional.empty();
    }
    Matcher matcher = FULL.matcher(inFull(text));
    if (!matcher.matches() || matcher.group("name").length() > MAX_NAME) {
      return Optional.empty();
    }
    return Optional.of(
        new ImageReference(
            matcher.group("name"), orEmpty(matcher, "tag"), orEmpty(matcher, "digest")));
  }

  private static String orEmpty(Matcher matcher, String group) {
    String found = matcher.group(group);
    return found == null ? "" : found;
  }

  /** What comes before the first slash is a host only if it cannot be anything else. */
  private static String inFull(String text) {
    int slash = text.indexOf('/');
    String first = slash < 0 ? "" : text.substring(0, slash);
    boolean isHost = first.contains(".") || first.contains(":") || first.equals("localhost");
    String domain = isHost && !first.equals(OLD_DEFAULT_DOMAIN) ? first : DEFAULT_DOMAIN;
    String rest = isHost ? text.substring(slash + 1) : text;
    boolean isOfficial = domain.equals(DEFAULT_DOMAIN) && !rest.contains("/");
    return domain + (isOfficial ? "/library/" : "/") + rest;
  }

  /** The one name that is asked for: a digest makes the tag irrelevant, and latest goes unsaid. */
  ImageReference asked() {
    if (!digest.isEmpty()) {
      return new ImageReference(name, "", digest);
    }
    return tag.isEmpty() ? new ImageReference(name, "latest", "") : this;
  }

  @Override
  public String toString() {
    return name + (tag.isEmpty() ? "" : ":" + tag) + (digest.isEmpty() ? "" : "@" + digest);
  }
}
