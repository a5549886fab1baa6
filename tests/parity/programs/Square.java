import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.internal.Version;

/** OkHttp, one for each case. */
public class Square {
  static final Map<String, OkHttpClient> clients = new ConcurrentHashMap<>();
  static final int PATIENCE_MS = 6000;

  public static void main(String[] arguments) throws Exception {
    System.out.println(Version.userAgent());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      if (words[0].equals("open")) clients.put(words[1], client(words.length > 2 ? words[2] : ""));
      else if (words[0].equals("send")) new Thread(() -> answer(words)).start();
      else clients.remove(words[1]).connectionPool().evictAll();
    }
    System.exit(0);
  }

  static OkHttpClient client(String tune) {
    int maxIdle = 5;
    long idleMs = 300_000;
    for (String word : tune.split(" ")) {
      String[] parts = word.split("=");
      if (parts[0].equals("maxIdle")) maxIdle = Integer.parseInt(parts[1]);
      if (parts[0].equals("idleTimeoutMs")) idleMs = Long.parseLong(parts[1]);
    }
    return new OkHttpClient.Builder()
        .connectionPool(new ConnectionPool(maxIdle, idleMs, TimeUnit.MILLISECONDS))
        .readTimeout(PATIENCE_MS, TimeUnit.MILLISECONDS)
        .followRedirects(false)
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

  static int send(OkHttpClient client, String method, String url) throws Exception {
    boolean hasBody = method.equals("POST") || method.equals("PUT");
    Request request =
        new Request.Builder()
            .url(url)
            .method(method, hasBody ? RequestBody.create(null, "x") : null)
            .build();
    try (Response response = client.newCall(request).execute()) {
      response.body().bytes();
      return response.code();
    }
  }
}
