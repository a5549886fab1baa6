// One request of OkHttp over HTTP/2 to the URL that is its argument. The test looks at the first frames of the client.

import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import okhttp3.Request;

class SquareHttp2 {
  static final X509TrustManager ANY = new X509TrustManager() {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  };

  public static void main(String[] arguments) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {ANY}, null);
    OkHttpClient client = new OkHttpClient.Builder()
        .sslSocketFactory(context.getSocketFactory(), ANY)
        .hostnameVerifier((name, session) -> true)
        .build();
    client.newCall(new Request.Builder().url(arguments[0]).build()).execute();
  }
}
