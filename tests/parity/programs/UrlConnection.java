import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URL;

/** java.net.HttpURLConnection. Its connections belong to the process, and cases differ only by their ports. */
public class UrlConnection {
  static final int PATIENCE_MS = 6000;

  /** Whether requests go through a proxy: the first server of the case. Its port is the case's name. */
  static boolean proxied;

  public static void main(String[] arguments) throws Exception {
    proxied = arguments.length > 0 && arguments[0].equals("proxied");
    System.out.println("JDK " + System.getProperty("java.version"));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      if (words[0].equals("send")) new Thread(() -> answer(words)).start();
    }
    System.exit(0);
  }

  static void answer(String[] words) {
    String outcome;
    try {
      outcome = String.valueOf(send(words[1], words[3], words[4]));
    } catch (Exception error) {
      outcome = "!" + String.valueOf(error).replaceAll("\\s+", " ");
    }
    synchronized (System.out) {
      System.out.println("done\t" + words[1] + "\t" + words[2] + "\t" + outcome);
    }
  }

  static int send(String port, String method, String url) throws Exception {
    URL target = URI.create(url).toURL();
    InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(port));
    Proxy proxy = proxied ? new Proxy(Proxy.Type.HTTP, server) : Proxy.NO_PROXY;
    HttpURLConnection connection = (HttpURLConnection) target.openConnection(proxy);
    connection.setRequestMethod(method);
    connection.setReadTimeout(PATIENCE_MS);
    connection.setInstanceFollowRedirects(false);
    if (method.equals("POST") || method.equals("PUT")) {
      connection.setDoOutput(true);
      connection.getOutputStream().write('x');
    }
    int status = connection.getResponseCode();
    InputStream body = status >= 400 ? connection.getErrorStream() : connection.getInputStream();
    if (body != null) {
      body.readAllBytes();
      body.close();
    }
    return status;
  }
}
