using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace NewApi.AdminService.Tests.Setup;

public class StatusTests
{
    [Fact]
    public async Task Status_has_every_member_of_the_specification()
    {
        await using var host = await AdminHost.StartAsync();

        var reply = await host.Anonymous.GetAsync("/api/status");

        Assert.Contains("\"success\":true", reply.Text);
        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{
              "version":"v1.2.3-test","start_time":"#","setup":false,"_qn":"new-api","system_name":"New API","logo":"","footer_html":"",
              "server_address":"http://localhost:3000","docs_link":"*","top_up_link":"","quota_per_unit":500000,"display_in_currency":true,
              "quota_display_type":"USD","custom_currency_symbol":"¤","custom_currency_exchange_rate":1,"usd_exchange_rate":7.3,"price":7.3,
              "min_topup":1,"stripe_unit_price":8,"email_verification":false,"turnstile_check":false,"turnstile_site_key":"",
              "github_oauth":false,"github_client_id":"","discord_oauth":false,"discord_client_id":"","linuxdo_oauth":false,"linuxdo_client_id":"",
              "linuxdo_minimum_trust_level":0,"telegram_oauth":false,"telegram_bot_name":"","wechat_login":false,"wechat_qrcode":"",
              "oidc_enabled":false,"oidc_client_id":"","oidc_authorization_endpoint":"","passkey_login":false,"passkey_display_name":"*",
              "passkey_rp_id":"","passkey_origins":"","passkey_allow_insecure":false,"passkey_user_verification":"preferred",
              "passkey_attachment":"","enable_batch_update":false,"enable_drawing":true,"enable_task":true,"enable_data_export":true,
              "data_export_default_time":"hour","default_collapse_sidebar":false,"mj_notify_enabled":false,"demo_site_enabled":false,
              "self_use_mode_enabled":false,"default_use_auto_group":false,"user_agreement_enabled":false,"privacy_policy_enabled":false,
              "checkin_enabled":false,"HeaderNavModules":"","SidebarModulesAdmin":"","chats":"*","api_info_enabled":true,"api_info":[],
              "uptime_kuma_enabled":true,"announcements_enabled":true,"announcements":[],"faq_enabled":true,"faq":[]}}
            """,
            reply.Text);
    }

    [Fact]
    public async Task Every_answer_names_the_request_and_the_version()
    {
        await using var host = await AdminHost.StartAsync();
        foreach (var path in (string[])["/api/status", "/api/user/self", "/api/nope", "/", "/v1/nope"])
        {
            var reply = await host.Anonymous.GetAsync(path);
            Assert.Matches("^[0-9]{23}[0-9A-Za-z]{8}$", reply.Headers.GetValues("X-Oneapi-Request-Id").Single());
            Assert.Equal("v1.2.3-test", reply.Headers.GetValues("X-New-Api-Version").Single());
        }
    }

    [Theory]
    [InlineData("GET", "/api/nope")]
    [InlineData("DELETE", "/api/status")]
    [InlineData("POST", "/v1/nope")]
    [InlineData("GET", "/assets/index.js")]
    [InlineData("POST", "/somewhere")]
    public async Task Unknown_paths_answer_as_openai_clients_expect(string method, string path)
    {
        await using var host = await AdminHost.StartAsync();

        var reply = await host.Anonymous.SendAsync(new HttpMethod(method), path, null);

        Assert.Equal(HttpStatusCode.NotFound, reply.Status);
        JsonShape.Equal(
            $$$"""{"error":{"message":"Invalid URL ({{{method}}} {{{path}}})","type":"invalid_request_error","param":"","code":""}}""", reply.Text);
    }

    [Fact]
    public async Task Pages_are_html_that_nobody_caches_in_the_readers_language()
    {
        await using var host = await AdminHost.StartAsync();

        var english = await host.Anonymous.GetAsync("/console/anything");
        var chinese = await host.Anonymous.With("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8").GetAsync("/");

        Assert.Equal((HttpStatusCode.OK, "text/html"), (english.Status, english.ContentHeaders.ContentType!.MediaType));
        Assert.True(english.Headers.CacheControl!.NoCache);
        Assert.Contains("LLM gateway", english.Text);
        Assert.Contains("大模型网关", chinese.Text);
        Assert.DoesNotContain("https://", english.Text);
    }

    [Fact]
    public async Task Messages_follow_the_accepted_language_and_then_the_users_setting()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        Assert.Equal("未找到", (await root.With("Accept-Language", "zh").GetAsync("/api/user/999")).Message);
        Assert.Equal("Not found", (await root.GetAsync("/api/user/999")).Message);

        await root.PutAsync("/api/user/self", new JsonObject { ["language"] = "zh" });

        Assert.Equal("未找到", (await root.With("Accept-Language", "en").GetAsync("/api/user/999")).Message);
    }

    [Fact]
    public async Task Large_answers_are_compressed_for_those_who_ask()
    {
        await using var host = await AdminHost.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Anonymous.Http.BaseAddress!, "/api/status"));
        request.Headers.Add("Accept-Encoding", "gzip");

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        await using var body = new GZipStream(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), CompressionMode.Decompress);
        using var reader = new StreamReader(body, Encoding.UTF8);
        Assert.True(JsonNode.Parse(await reader.ReadToEndAsync(TestContext.Current.CancellationToken))!["success"]!.GetValue<bool>());
    }

    [Fact]
    public async Task The_api_describes_itself()
    {
        await using var host = await AdminHost.StartAsync();

        var document = (await host.Anonymous.GetAsync("/openapi/v1.json")).Json;

        var paths = (JsonObject)document["paths"]!;
        Assert.True(paths.ContainsKey("/api/channel/{id}"));
        Assert.DoesNotContain(paths, path => path.Key.Contains("**"));
        Assert.Equal(HttpStatusCode.OK, (await host.Anonymous.GetAsync("/scalar/")).Status);
    }
}
