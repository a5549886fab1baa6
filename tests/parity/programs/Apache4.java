import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpUriRequest;
import org.apache.http.client.methods.RequestBuilder;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClientBuilder;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.util.EntityUtils;
import org.apache.http.util.VersionInfo;

/** Apache HttpClient 4.5, one for each case. */
public class Apache4 {
  static final Map<String, CloseableHttpClient> clients = new ConcurrentHashMap<>();
  static final int PATIENCE_MS = 6000;

  public static void main(String[] arguments) throws Exception {
    VersionInfo version =
        VersionInfo.loadVersionInfo("org.apache.http.client", Apache4.class.getClassLoader());
    System.out.println("Apache HttpClient " + version.getRelease());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      if (words[0].equals("open")) clients.put(words[1], client(words.length > 2 ? words[2] : ""));
      else if (words[0].equals("send")) new Thread(() -> answer(words)).start();
      else clients.remove(words[1]).close();
    }
    System.exit(0);
  }

  static CloseableHttpClient client(String tune) {
    RequestConfig patience =
        RequestConfig.custom()
            .setSocketTimeout(PATIENCE_MS)
            .setConnectionRequestTimeout(PATIENCE_MS)
            .build();
    HttpClientBuilder builder =
        HttpClients.custom().setDefaultRequestConfig(patience).disableRedirectHandling();
    for (String word : tune.split(" ")) {
      String[] parts = word.split("=");
      int value = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
      if (parts[0].equals("maxConnectionsPerOrigin")) builder.setMaxConnPerRoute(value);
      if (parts[0].equals("maxConnections")) builder.setMaxConnTotal(value);
      if (parts[0].equals("maxLifetimeMs"))
        builder.setConnectionTimeToLive(value, TimeUnit.MILLISECONDS);
    }
    return builder.build();
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
    RequestBuilder request = RequestBuilder.create(method).setUri(url);
    if (method.equals("POST") || method.equals("PUT")) request.setEntity(new StringEntity("x"));
    HttpUriRequest built = request.build();
    try (CloseableHttpResponse response = client.execute(built)) {
      if (response.getEntity() != null) EntityUtils.toByteArray(response.getEntity());
      return response.getStatusLine().getStatusCode();
    }
  }
}
