namespace NewApi.Bench.Targets;

/// <summary>nginx as a plain reverse proxy with kept-alive upstream connections and no buffering of answers.</summary>
internal sealed class NginxTarget(BenchRun run, StubTarget stub) : Target(run, "nginx")
{
    public override string? Absence => Program is null ? "nginx is not installed" : null;

    public override int WarmPasses => 1;

    protected override Launch Launch
    {
        get
        {
            var file = Path.Combine(Folder, "nginx.conf");
            File.WriteAllText(file, Configuration());
            return new(Program!, "-p", Folder, "-c", file, "-e", Path.Combine(Folder, "error.log"));
        }
    }

    private static string? Program => field ??= (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Concat(["/usr/sbin", "/usr/local/sbin"])
        .Select(folder => Path.Combine(folder, "nginx"))
        .FirstOrDefault(File.Exists);

    private string Configuration() =>
        $$"""
          daemon off;
          pid {{Folder}}/nginx.pid;
          worker_processes {{Environment.ProcessorCount}};
          worker_rlimit_nofile 65536;
          error_log {{Folder}}/error.log warn;
          events { worker_connections 30000; }
          http {
            access_log off;
            client_body_temp_path {{Folder}}/body;
            proxy_temp_path {{Folder}}/proxy;
            fastcgi_temp_path {{Folder}}/fastcgi;
            uwsgi_temp_path {{Folder}}/uwsgi;
            scgi_temp_path {{Folder}}/scgi;
            client_max_body_size 128m;
            client_body_buffer_size 512k;
            keepalive_requests 1000000000;
            upstream stub {
              server 127.0.0.1:{{stub.Port}};
              keepalive 512;
              keepalive_requests 1000000000;
            }
            server {
              listen 127.0.0.1:{{Port}} backlog=4096;
              location / {
                proxy_pass http://stub;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $host;
                proxy_buffering off;
                proxy_read_timeout 300s;
              }
            }
          }

          """;
}
