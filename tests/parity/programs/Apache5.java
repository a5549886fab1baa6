import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.apache.hc.core5.util.VersionInfo;

/** Apache HttpClient 5, one for each case. */
public class Apache5 {
  static final Map<String, CloseableHttpClient> clients = new ConcurrentHashMap<>();
  static final int PATIENCE_MS = 6000;

  /** Whether requests go through a proxy: the first server of the case. Its port is the case's name. */
  static boolean proxied;

  public static void main(String[] arguments) throws Exception {
    VersionInfo version =
        VersionInfo.loadVersionInfo("org.apache.hc.client5", Apache5.class.getClassLoader());
    System.out.println("Apache HttpClient " + version.getRelease());
    proxied = arguments.length > 0 && arguments[0].equals("proxied");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      if (words[0].equals("open")) clients.put(words[1], client(words[1], words.length > 2 ? words[2] : ""));
      else if (words[0].equals("send")) new Thread(() -> answer(words)).start();
      else clients.remove(words[1]).close();
    }
    System.exit(0);
  }

  static CloseableHttpClient client(String port, String tune) {
    RequestConfig.Builder config =
        RequestConfig.custom()
            .setResponseTimeout(Timeout.ofMilliseconds(PATIENCE_MS))
            .setConnectionRequestTimeout(Timeout.ofMilliseconds(PATIENCE_MS));
    PoolingHttpClientConnectionManagerBuilder pool = PoolingHttpClientConnectionManagerBuilder.create();
    for (String word : tune.split(" ")) {
      String[] parts = word.split("=");
      int value = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
      if (parts[0].equals("idleTimeoutMs"))
        config.setConnectionKeepAlive(TimeValue.ofMilliseconds(value));
      if (parts[0].equals("maxConnectionsPerOrigin")) pool.setMaxConnPerRoute(value);
      if (parts[0].equals("maxConnections")) pool.setMaxConnTotal(value);
      if (parts[0].equals("maxLifetimeMs"))
        pool.setConnectionTimeToLive(TimeValue.ofMilliseconds(value));
    }
    return HttpClients.custom()
        .setConnectionManager(pool.build())
        .setDefaultRequestConfig(config.build())
        .setProxy(proxied ? new HttpHost("127.0.0.1", Integer.parseInt(port)) : null)
        .disableRedirectHandling()
        .build();
  }

  static void answer(String[] words) {
    String outcome;
    try {
      outcome = String.valueOf(send(clients.get(words[1]), words[3], words[4]));
    } catch (Exception error) {
      outcome = "!" + String.valueOf(error).replaceAll("\\s+", " ");
    }
    synchronized (System.out) {
      System.out.println("done\t" + words[1] + "\t" + words[2] + "\t" + outcome);
    }
  }

  static int send(CloseableHttpClient client, String method, String url) throws Exception {
    HttpUriRequestBase request = new HttpUriRequestBase(method, java.net.URI.create(url));
    if (method.equals("POST") || method.equals("PUT")) request.setEntity(new StringEntity("x"));
    return client.execute(
        request,
        response -> {
          if (response.getEntity() != null) EntityUtils.toByteArray(response.getEntity());
          return response.getCode();
        });
  }
}
