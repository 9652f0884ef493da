package org.conceptclip.text;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketImpl;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/**
 * Catches what a process does towards a network, and lets none of it happen: name look-ups (as the JVM's resolver, named in a
 * services file that only the child process has on its class path), HTTP URLs and sockets.
 */
public final class ContactRecorder extends InetAddressResolverProvider implements InetAddressResolver {
  static final List<String> CONTACTS = new CopyOnWriteArrayList<>();

  @SuppressWarnings("deprecation") // the one hook that sees every plain socket
  static void install() throws IOException {
    URL.setURLStreamHandlerFactory(
        protocol -> Set.of("http", "https", "ftp").contains(protocol) ? new RefusingHandler() : null);
    Socket.setSocketImplFactory(ContactRecorder::refuseSocket);
  }

  private static SocketImpl refuseSocket() {
    CONTACTS.add("socket");
    throw new IllegalStateException("no sockets here");
  }

  private static final class RefusingHandler extends URLStreamHandler {
    @Override
    protected URLConnection openConnection(URL url) throws IOException {
      CONTACTS.add(url.toString());
      throw new IOException("no network here");
    }

    @Override
    protected URLConnection openConnection(URL url, java.net.Proxy proxy) throws IOException {
      return openConnection(url);
    }
  }

  @Override
  public InetAddressResolver get(Configuration configuration) {
    return this;
  }

  @Override
  public String name() {
    return "recorder";
  }

  @Override
  public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) throws UnknownHostException {
    CONTACTS.add("lookup " + host);
    throw new UnknownHostException(host);
  }

  @Override
  public String lookupByAddress(byte[] address) throws UnknownHostException {
    CONTACTS.add("reverse lookup");
    throw new UnknownHostException("no network here");
  }
}
