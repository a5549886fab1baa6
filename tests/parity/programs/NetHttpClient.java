import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** java.net.http.HttpClient over HTTP/1.1, one for each case. */
public class NetHttpClient {
  static final Map<String, HttpClient> clients = new ConcurrentHashMap<>();
  static final int PATIENCE_MS = 6000;

  public static void main(String[] arguments) throws Exception {
    System.out.println("JDK " + System.getProperty("java.version"));
    boolean proxied = arguments.length > 0 && arguments[0].equals("proxied");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      if (words[0].equals("open")) clients.put(words[1], client(words[1], proxied));
      else if (words[0].equals("send")) send(words);
      else clients.remove(words[1]);
    }
    System.exit(0);
  }

  static HttpClient client(String port, boolean proxied) {
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
    if (proxied) {
      InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(port));
      builder.proxy(ProxySelector.of(server));
    }
    return builder.build();
  }

  static void send(String[] words) {
    boolean hasBody = words[3].equals("POST") || words[3].equals("PUT");
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(words[4]))
            .timeout(Duration.ofMillis(PATIENCE_MS))
            .method(
                words[3],
                hasBody
                    ? HttpRequest.BodyPublishers.ofString("x")
                    : HttpRequest.BodyPublishers.noBody())
            .build();
    clients
        .get(words[1])
        .sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())
        .handle((response, error) -> error == null ? "" + response.statusCode() : "!" + error)
        .thenAccept(outcome -> print(words, outcome));
  }

  static void print(String[] words, String outcome) {
    synchronized (System.out) {
      System.out.println(
          "done\t" + words[1] + "\t" + words[2] + "\t" + outcome.replaceAll("\\s+", " "));
    }
  }
}
