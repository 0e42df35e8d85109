using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Rows;
using NewApi.Data.Sessions;
using NewApi.Data.Tasks;
using NewApi.Domain.Tasks;
using NewApi.Providers.Tasks;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Tasks;

/// <summary>Films and songs, ordered and fetched through the whole relay.</summary>
public sealed class TaskTests
{
    private const string Film = "sora-2";
    private const string UpstreamId = "video_of_the_upstream";

    private const string Order = """{"model":"sora-2","prompt":"A cat on the moon","seconds":"8","size":"1792x1024"}""";

    private static readonly Dictionary<string, string> Prices = new()
    {
        ["ModelPrice"] = """{"sora-2":0.3,"kling-v1":0.2,"suno_music":0.1,"suno_lyrics":0.01,"jimeng_v30":0.1,"dear-film":1999.9}""",
        ["ModelRatio"] = """{"gpt-4o":1.25}""",
        ["ServerAddress"] = "https://gateway.example",
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static UpstreamScript Accepts { get; } = Answers($$"""{"id":"{{UpstreamId}}","object":"video","model":"sora-2","status":"queued","progress":0,"created_at":1}""");

    [Fact]
    public async Task A_film_is_charged_stored_and_ordered_and_told_in_the_log()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream, row => row.Purchase = """{"sora-2":{"ratio":0.5}}""")]);

        var reply = await host.PostAsync("/v1/videos", Order);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(("video", "queued", Film, "8", "1792x1024"), (
            reply.Json.GetProperty("object").GetString(), reply.Json.GetProperty("status").GetString(), reply.Json.GetProperty("model").GetString(),
            reply.Json.GetProperty("seconds").GetString(), reply.Json.GetProperty("size").GetString()));
        Assert.Equal("""{"seconds":8,"size":1.666667}""", reply.Headers.GetValues("X-New-Api-Other-Ratios").Single());
        Assert.StartsWith("task_", reply.Json.GetProperty("id").GetString());
        Assert.DoesNotContain(UpstreamId, reply.Text);
        var asked = Assert.Single(upstream.Requests);
        Assert.Equal(("/v1/videos", "upstream-secret-1"), (asked.Path, asked.Key));
        // Worked example 30.
        var row = Assert.Single(await host.ChargesAsync());
        Assert.Equal((2_000_000L, 1L, Film, reply.RequestId), (row.Quota, row.ChannelId, row.ModelName, row.RequestId));
        var other = JsonElement.Parse(row.Other);
        Assert.True(other.GetProperty("is_task").GetBoolean());
        Assert.Equal((0.3m, 8m, 1.666667m, 1_000_000L), (
            other.GetProperty("model_price").GetDecimal(), other.GetProperty("seconds").GetDecimal(), other.GetProperty("size").GetDecimal(),
            other.GetProperty("admin_info").GetProperty("purchase_quota").GetInt64()));
        Assert.Equal(2_000_000, (await host.ChannelAsync(1)).UsedQuota);
        await host.AssertBooksAreRightAsync(2_000_000);
    }

    [Fact]
    public async Task An_order_goes_on_to_another_channel_while_nobody_has_accepted_it()
    {
        await using var broken = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var good = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, broken, row => row.Priority = 5), Sora(2, good)]);

        var reply = await host.PostAsync("/v1/videos", Order);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Single(broken.Requests);
        Assert.Single(good.Requests);
        var row = Assert.Single(await host.ChargesAsync());
        Assert.Equal(2, row.ChannelId);
        Assert.Equal("""["1","2"]""", JsonElement.Parse(row.Other).GetProperty("admin_info").GetProperty("use_channel").GetRawText());
        Assert.Equal((0L, 2_000_000L), ((await host.ChannelAsync(1)).UsedQuota, (await host.ChannelAsync(2)).UsedQuota));
        await host.AssertBooksAreRightAsync(2_000_000);
    }

    [Fact]
    public async Task An_order_that_all_refuse_costs_nothing_and_leaves_a_failed_task()
    {
        await using var busy = await FakeUpstream.StartAsync(Faults.TooManyRequests());
        await using var host = await StartAsync([Sora(1, busy), Sora(2, busy)]);

        var reply = await host.PostAsync("/v1/video/generations", Order);

        Assert.Equal(HttpStatusCode.TooManyRequests, reply.Status);
        Assert.Equal("fail_to_fetch_task", reply.Json.GetProperty("code").GetString());
        Assert.Equal(JsonValueKind.Null, reply.Json.GetProperty("data").ValueKind);
        Assert.Equal("fail_to_fetch_task", reply.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain(Faults.Marker, reply.Text);
        Assert.Equal(2, busy.Requests.Count);
        Assert.Equal(TaskState.Failed, (await OnlyTaskAsync(host)).State);
        Assert.Empty(await host.LogsAsync(2, 0));
        Assert.Empty(await host.LogsAsync(6, 0));
        await host.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task An_order_of_which_nobody_knows_whether_it_arrived_is_not_placed_again()
    {
        foreach (var fault in (UpstreamScript[])[Faults.Reset, Faults.CutBeforeContent, Faults.Status(504), Answers("{}")])
        {
            await using var cut = await FakeUpstream.StartAsync(fault);
            await using var other = await FakeUpstream.StartAsync(Accepts);
            await using var host = await StartAsync([Sora(1, cut, row => row.Priority = 5), Sora(2, other)]);

            var reply = await host.PostAsync("/v1/videos", Order);

            Assert.True((int)reply.Status >= 500, reply.Text);
            Assert.Empty(other.Requests);
            Assert.Equal(TaskState.Failed, (await OnlyTaskAsync(host)).State);
            await host.AssertBooksAreRightAsync(0);
        }
    }

    [Fact]
    public async Task An_upstream_that_never_answers_is_given_up_with_the_money()
    {
        await using var silent = await FakeUpstream.StartAsync(Faults.StallBeforeHeaders);
        await using var host = await StartAsync([Sora(1, silent)], options => options with { FirstByteTimeout = TimeSpan.FromMilliseconds(200) });

        var reply = await host.PostAsync("/v1/videos", Order);

        Assert.Equal(HttpStatusCode.GatewayTimeout, reply.Status);
        Assert.Equal("It is not known whether the upstream accepted the task.", (await OnlyTaskAsync(host)).Row.FailReason);
        await host.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task A_channel_that_cannot_be_reached_is_passed_over()
    {
        await using var good = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync(
            [Sora(1, good, row => (row.Priority, row.BaseUrl) = (5, "http://127.0.0.1:1")), Sora(2, good)]);

        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/videos", Order)).Status);
        await host.AssertBooksAreRightAsync(2_000_000);
    }

    [Fact]
    public async Task What_is_wrong_with_an_order_is_said_before_it_costs_anything()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(400, "invalid_value"));
        await using var host = await StartAsync([Sora(1, upstream), Sora(2, upstream)]);

        foreach (var body in (string[])
        [
            "no json",
            """{"model":"sora-2"}""",
            """{"prompt":"A cat"}""",
            """{"model":"sora-2","prompt":"A cat","seconds":"5000"}""",
            """{"model":"sora-2","prompt":"A cat","duration":-1}""",
            """{"model":"sora-2","prompt":"A cat","duration":1.5}""",
            """{"model":"sora-2","prompt":"A cat","metadata":"no json"}""",
            """{"model":"sora-2","prompt":"A cat","metadata":{"seconds":"many"}}""",
            """{"model":"sora-2","model":"kling-v1","prompt":"A cat"}""",
        ])
        {
            var wrong = await host.PostAsync("/v1/videos", body);
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (wrong.Status, wrong.Json.GetProperty("code").GetString()));
        }
        Assert.Empty(upstream.Requests);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.PostAsync("/v1/videos", """{"model":"gpt-4o","prompt":"A cat"}""")).Status);

        // And what the upstream finds wrong is not tried again.
        var refused = await host.PostAsync("/v1/videos", Order);
        Assert.Equal((HttpStatusCode.BadRequest, "fail_to_fetch_task"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        Assert.Single(upstream.Requests);
        await host.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task An_order_that_the_account_cannot_pay_reaches_no_upstream()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream)], token: token => (token.UnlimitedQuota, token.RemainQuota) = (false, 1000));

        var reply = await host.PostAsync("/v1/videos", Order);

        Assert.Equal((HttpStatusCode.Forbidden, "pre_consume_token_quota_failed"), (reply.Status, reply.Json.GetProperty("code").GetString()));
        Assert.Empty(upstream.Requests);
        await host.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task What_the_relay_has_set_aside_for_calls_to_come_pays_for_an_order_too()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
            request.Path.Contains("videos", StringComparison.Ordinal) ? Accepts(http, request) : OpenAIAnswers.Good(http, request));
        await using var host = await StartAsync([Sora(1, upstream, row => (row.Type, row.Models) = (1, "gpt-4o,dear-film"))]);
        Assert.Equal(HttpStatusCode.OK, (await host.ChatAsync()).Status);
        await host.ChargesAsync();

        var reply = await host.PostAsync("/v1/videos", """{"model":"dear-film","prompt":"A cat","seconds":1}""");

        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        Assert.Equal([3750, 999_950_000], (await host.ChargesAsync(2)).Select(row => row.Quota).Order());
    }

    [Fact]
    public async Task An_automatic_group_that_comes_to_serve_is_the_one_that_is_charged()
    {
        await using var broken = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var good = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync(
            [Sora(1, broken, row => row.Group = "cheap"), Sora(2, good, row => row.Group = "dear")],
            options => options with { Breaker = new(1, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(120)) },
            token => token.Group = "auto",
            new()
            {
                ["GroupRatio"] = """{"default":1,"cheap":0.5,"dear":2}""",
                ["UserUsableGroups"] = """{"cheap":"","dear":"","auto":""}""",
                ["AutoGroups"] = """["cheap","dear"]""",
            });

        // The price of an order is that of the group that began: no other one comes to serve it.
        Assert.Equal(HttpStatusCode.InternalServerError, (await host.PostAsync("/v1/videos", Order)).Status);
        Assert.Empty(good.Requests);
        // The next one finds the cheap channel paused.
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/videos", Order)).Status);

        var row = Assert.Single(await host.ChargesAsync());
        Assert.Equal(("dear", 4_000_000L), (row.Group, row.Quota));
        await host.AssertBooksAreRightAsync(4_000_000);
    }

    [Fact]
    public async Task A_model_may_be_sold_by_the_piece()
    {
        await using var broken = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync(
            [Sora(1, broken, row => row.Priority = 5), Sora(2, upstream)], options => options with { TaskPricePatch = new HashSet<string> { Film } });

        var reply = await host.PostAsync("/v1/videos", Order);

        Assert.Equal("{}", reply.Headers.GetValues("X-New-Api-Other-Ratios").Single());
        await host.AssertBooksAreRightAsync(150_000);
    }

    [Theory]
    [InlineData(Order, 1_200_000)]
    [InlineData("""{"model":"sora-2","prompt":"A cat on the moon"}""", 600_000)]
    public async Task A_price_that_is_a_formula_knows_what_was_ordered(string order, long points)
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream)], more: new()
        {
            ["billing_setting.billing_mode"] = """{"sora-2":"tiered_expr"}""",
            ["billing_setting.billing_expr"] = """{"sora-2":"u('seconds') * 0.3"}""",
        });

        var reply = await host.PostAsync("/v1/videos", order);

        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        await EndAsync(host, reply.Json.GetProperty("id").GetString()!, new TaskNews { State = TaskState.Succeeded, Tokens = 5 });
        await host.AssertBooksAreRightAsync(points);
    }

    [Fact]
    public async Task A_form_goes_on_as_it_came_but_for_the_model()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream, row => row.ModelMapping = """{"sora-2":"sora-2-2026"}""")]);
        using var form = new MultipartFormDataContent
        {
            { new StringContent(Film), "model" },
            { new StringContent("A cat"), "prompt" },
            { new StringContent("8"), "seconds" },
            { new ByteArrayContent(Encoding.ASCII.GetBytes("PNG of a cat")) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } }, "input_reference", "cat.png" },
        };

        using var response = await host.Http.PostAsync("/v1/videos", form, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var text = Assert.Single(upstream.Requests).Text;
        Assert.Contains("sora-2-2026", text);
        Assert.Contains("PNG of a cat", text);
        Assert.Contains("name=\"seconds\"\r\n\r\n8", text);
        var task = await OnlyTaskAsync(host);
        Assert.Equal((TaskActions.FromImage, Film, "sora-2-2026"), (task.Row.Action, task.Model, task.Properties.UpstreamModel));
        // 0.3 US dollars and eight seconds.
        await host.AssertBooksAreRightAsync(1_200_000);
    }

    [Fact]
    public async Task A_form_that_names_its_price_twice_is_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream)]);
        using var form = new MultipartFormDataContent
        {
            { new StringContent(Film), "model" }, { new StringContent("A cat"), "prompt" }, { new StringContent("4"), "seconds" }, { new StringContent("12"), "seconds" },
        };

        using var response = await host.Http.PostAsync("/v1/videos", form, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_caller_reads_the_own_task_in_both_forms_and_never_the_upstreams_id()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream)]);
        var id = await OrderedAsync(host);

        var general = await GetAsync(host, $"/v1/video/generations/{id}");
        Assert.Equal(("success", "SUBMITTED", id), (
            general.Json.GetProperty("code").GetString(), general.Json.GetProperty("data").GetProperty("status").GetString(),
            general.Json.GetProperty("data").GetProperty("data").GetProperty("id").GetString()));
        Assert.DoesNotContain(UpstreamId, general.Text);

        await EndAsync(host, id, new TaskNews { State = TaskState.Succeeded, ResultUrl = "https://films.example/1.mp4" });
        var video = await GetAsync(host, $"/v1/videos/{id}");
        Assert.Equal(("completed", 100, "https://films.example/1.mp4"), (
            video.Json.GetProperty("status").GetString(), video.Json.GetProperty("progress").GetInt32(),
            video.Json.GetProperty("metadata").GetProperty("url").GetString()));
        await host.AssertBooksAreRightAsync(2_000_000);
    }

    [Fact]
    public async Task Nobody_reads_the_task_of_another_or_one_that_the_key_may_not_know()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream)]);
        var id = await OrderedAsync(host);
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(new UserRow { Username = "mallory", Role = 1, Group = "default", Quota = 1000, AffCode = "aff2" }, token: cancel);
                await db.InsertAsync(new TokenRow { UserId = 2, Key = new string('M', 48), Name = "m", UnlimitedQuota = true }, token: cancel);
                await db.InsertAsync(
                    new TokenRow { UserId = 1, Key = new string('L', 48), Name = "l", UnlimitedQuota = true, ModelLimitsEnabled = true, ModelLimits = "gpt-4o" }, token: cancel);
            },
            Cancel);

        foreach (var key in (char[])['M', 'L'])
        {
            host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-" + new string(key, 48));
            foreach (var path in (string[])[$"/v1/videos/{id}", $"/v1/video/generations/{id}", $"/kling/v1/videos/text2video/{id}", $"/suno/fetch/{id}"])
            {
                var reply = await GetAsync(host, path);
                Assert.Equal((HttpStatusCode.BadRequest, "task_not_exist"), (reply.Status, reply.Json.GetProperty("code").GetString()));
            }
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(host, $"/v1/videos/{id}/content")).Status);
            Assert.Equal("[]", (await host.PostAsync("/suno/fetch", $$"""{"ids":["{{id}}"]}""")).Json.GetProperty("data").GetRawText());
        }
        host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-" + new string('M', 48));
        Assert.Equal("task_not_exist", (await host.PostAsync($"/v1/videos/{id}/remix", """{"prompt":"mine"}""")).Json.GetProperty("code").GetString());
        host.Http.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(host, $"/v1/videos/{id}")).Status);
    }

    [Fact]
    public async Task A_remix_goes_to_the_channel_of_its_source_and_costs_what_that_cost()
    {
        await using var first = await FakeUpstream.StartAsync(Accepts);
        await using var second = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, first), Sora(2, second, row => row.Priority = -5)]);
        var id = await OrderedAsync(host);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync($"/v1/videos/{id}/remix", """{"prompt":"With dogs"}""")).Status);
        await EndAsync(host, id, new TaskNews { State = TaskState.Succeeded });

        var reply = await host.PostAsync($"/v1/videos/{id}/remix", """{"prompt":"With dogs"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(id, reply.Json.GetProperty("remixed_from_video_id").GetString());
        Assert.Equal($"/v1/videos/{UpstreamId}/remix", first.Requests.Last().Path);
        Assert.Empty(second.Requests);
        await host.AssertBooksAreRightAsync(4_000_000);
    }

    [Fact]
    public async Task The_file_of_a_film_flows_through_in_parts_and_from_data_too()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            if (!request.Path.EndsWith("/content", StringComparison.Ordinal))
            {
                await Accepts(http, request);
                return;
            }
            http.Response.StatusCode = 206;
            http.Response.ContentType = "video/mp4";
            http.Response.Headers.ContentRange = "bytes 2-4/10";
            await Faults.WriteAsync(http, request.Headers.Range.ToString());
        });
        await using var host = await StartAsync([Sora(1, upstream)]);
        var id = await OrderedAsync(host);
        var unfinished = await GetAsync(host, $"/v1/videos/{id}/content");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (unfinished.Status, unfinished.Json.GetProperty("error").GetProperty("type").GetString()));
        await EndAsync(host, id, new TaskNews { State = TaskState.Succeeded });

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/videos/{id}/content") { Headers = { Range = new RangeHeaderValue(2, 4) } };
        using var response = await host.Http.SendAsync(request, Cancel);

        Assert.Equal((HttpStatusCode.PartialContent, "bytes=2-4"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel)));
        Assert.Equal(("video/mp4", "bytes 2-4/10", "public, max-age=86400"), (
            response.Content.Headers.ContentType!.MediaType, response.Content.Headers.ContentRange!.ToString(), response.Headers.CacheControl!.ToString()));
        Assert.Equal("upstream-secret-1", upstream.Requests.Last().Key);

        var data = await OrderedAsync(host);
        await EndAsync(host, data, new TaskNews { State = TaskState.Succeeded, ResultUrl = "data:video/webm;base64,AAECAw==" });
        using var inline = await host.Http.GetAsync($"/v1/videos/{data}/content", Cancel);
        Assert.Equal("video/webm", inline.Content.Headers.ContentType!.MediaType);
        Assert.Equal([0, 1, 2, 3], await inline.Content.ReadAsByteArrayAsync(Cancel));
        var video = await GetAsync(host, $"/v1/videos/{data}");
        Assert.Equal($"https://gateway.example/v1/videos/{data}/content", video.Json.GetProperty("metadata").GetProperty("url").GetString());
    }

    [Theory]
    [InlineData(1, "1", HttpStatusCode.OK)]
    [InlineData(1, null, HttpStatusCode.OK)]
    [InlineData(1, "2", HttpStatusCode.Unauthorized)]
    [InlineData(2, "2", HttpStatusCode.NotFound)]
    public async Task The_console_shows_the_films_of_whoever_is_logged_in(long user, string? named, HttpStatusCode expected)
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
            request.Path.EndsWith("/content", StringComparison.Ordinal) ? Faults.Send("film")(http, request) : Accepts(http, request));
        await using var host = await StartAsync([Sora(1, upstream)]);
        var id = await OrderedAsync(host);
        await EndAsync(host, id, new TaskNews { State = TaskState.Succeeded });
        await host.Database.WriteAsync(
            (db, cancel) => db.InsertAsync(new UserRow { Username = "mallory", Role = 1, Group = "default", AffCode = "aff2" }, token: cancel), Cancel);
        var version = await ReadVersionAsync(host, user);
        var session = await host.Services.GetRequiredService<SessionSeal>().SealAsync(new SessionState { UserId = user, AuthVersion = version }, Cancel);
        host.Http.DefaultRequestHeaders.Authorization = null;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/videos/{id}/content");
        request.Headers.Add("Cookie", "session=" + session);
        if (named is not null)
        {
            request.Headers.Add("New-Api-User", named);
        }

        using var response = await host.Http.SendAsync(request, Cancel);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task A_file_that_may_not_or_cannot_be_fetched_says_so()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
            request.Path.EndsWith("/content", StringComparison.Ordinal) ? Faults.Status(500)(http, request) : Accepts(http, request));
        await using var host = await StartAsync([Sora(1, upstream)]);
        var inside = await OrderedAsync(host);
        await EndAsync(host, inside, new TaskNews { State = TaskState.Succeeded, ResultUrl = upstream.Address + "/secret" });
        var broken = await OrderedAsync(host);
        await EndAsync(host, broken, new TaskNews { State = TaskState.Succeeded });

        var refused = await GetAsync(host, $"/v1/videos/{inside}/content");
        Assert.Equal((HttpStatusCode.Forbidden, "invalid_request_error"), (refused.Status, refused.Json.GetProperty("error").GetProperty("type").GetString()));
        Assert.DoesNotContain(upstream.Requests, request => request.Path == "/secret");
        var failed = await GetAsync(host, $"/v1/videos/{broken}/content");
        Assert.Equal((HttpStatusCode.BadGateway, "server_error"), (failed.Status, failed.Json.GetProperty("error").GetProperty("type").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(host, "/v1/videos/task_none/content")).Status);
    }

    [Fact]
    public async Task Klings_own_interface_is_served_by_a_channel_of_Kling()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answers("""{"code":0,"message":"","data":{"task_id":"kling-up-1","task_status":"submitted"}}"""));
        await using var host = await StartAsync([Sora(1, upstream, row => (row.Type, row.Models, row.Key) = (50, "kling-v1", "access|secret"))]);

        var reply = await host.PostAsync("/kling/v1/videos/text2video", """{"model_name":"kling-v1","prompt":"A cat","negative_prompt":"dogs","duration":"10"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var id = reply.Json.GetProperty("task_id").GetString();
        var asked = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/videos/text2video", asked.Path);
        var sent = JsonElement.Parse(asked.Text);
        Assert.Equal(("kling-v1", "dogs", "10"), (sent.GetProperty("model_name").GetString(), sent.GetProperty("negative_prompt").GetString(), sent.GetProperty("duration").GetString()));
        var fetched = await GetAsync(host, $"/kling/v1/videos/text2video/{id}");
        Assert.Equal("50", fetched.Json.GetProperty("data").GetProperty("platform").GetString());
        Assert.Equal(id, fetched.Json.GetProperty("data").GetProperty("data").GetProperty("data").GetProperty("task_id").GetString());
        await host.PostAsync("/kling/v1/videos/image2video", """{"model":"kling-v1","image":"https://pictures.example/cat.png"}""");
        Assert.Equal("/v1/videos/image2video", upstream.Requests.Last().Path);
        await host.AssertBooksAreRightAsync(200_000);
    }

    [Fact]
    public async Task Jimengs_own_interface_asks_and_orders_by_its_query()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var host = await StartAsync([Sora(1, upstream, row => row.Models = "jimeng_v30")]);

        Assert.Equal("invalid_request", (await host.PostAsync("/jimeng/", "{}")).Json.GetProperty("code").GetString());
        Assert.Equal("invalid_request", (await host.PostAsync("/jimeng/?Action=CVSync2AsyncGetResult", "{}")).Json.GetProperty("code").GetString());
        var reply = await host.PostAsync("/jimeng/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31", """{"req_key":"jimeng_v30","prompt":"A cat"}""");
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        var id = reply.Json.GetProperty("id").GetString();
        var fetched = await host.PostAsync("/jimeng/?Action=CVSync2AsyncGetResult&Version=2022-08-31", $$"""{"req_key":"jimeng_v30","task_id":"{{id}}"}""");
        Assert.Equal(id, fetched.Json.GetProperty("data").GetProperty("task_id").GetString());
    }

    [Fact]
    public async Task Songs_are_ordered_continued_and_fetched()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answers("""{"code":"success","message":"","data":"suno-up-1"}"""));
        await using var other = await FakeUpstream.StartAsync(Answers("""{"code":"success","message":"","data":"suno-up-2"}"""));
        await using var host = await StartAsync(
            [Suno(1, upstream, priority: 5), Suno(2, other, priority: 0)], more: new() { ["GroupRatio"] = """{"default":1.2}""" });

        var reply = await host.PostAsync("/suno/submit/music", """{"prompt":"A song","mv":"chirp-v4"}""");

        Assert.Equal("success", reply.Json.GetProperty("code").GetString());
        var id = reply.Json.GetProperty("data").GetString()!;
        Assert.StartsWith("task_", id);
        Assert.Equal("/suno/submit/MUSIC", Assert.Single(upstream.Requests).Path);
        // Worked example 29.
        Assert.Equal(60_000, Assert.Single(await host.ChargesAsync()).Quota);
        var list = await host.PostAsync("/suno/fetch", $$"""{"ids":["{{id}}","task_none"]}""");
        Assert.Equal(("MUSIC", "suno"), (
            list.Json.GetProperty("data")[0].GetProperty("action").GetString(), list.Json.GetProperty("data")[0].GetProperty("platform").GetString()));
        Assert.Equal(1, list.Json.GetProperty("data").GetArrayLength());
        Assert.Equal(id, (await GetAsync(host, $"/suno/fetch/{id}")).Json.GetProperty("data").GetProperty("task_id").GetString());

        await host.PostAsync("/suno/submit/music", $$"""{"prompt":"More of it","task_id":"{{id}}","continue_clip_id":"c1"}""");
        Assert.Equal("suno-up-1", JsonElement.Parse(upstream.Requests.Last().Text).GetProperty("task_id").GetString());
        Assert.Empty(other.Requests);
        Assert.Equal("task_not_exist", (await host.PostAsync("/suno/submit/music", """{"prompt":"x","task_id":"task_none"}""")).Json.GetProperty("code").GetString());
        Assert.Equal("invalid_request", (await host.PostAsync("/suno/submit/dance", "{}")).Json.GetProperty("code").GetString());
        Assert.Equal("invalid_request", (await host.PostAsync("/suno/submit/lyrics", "{}")).Json.GetProperty("code").GetString());
        await host.AssertBooksAreRightAsync(120_000);
    }

    [Fact]
    public async Task A_gateway_of_this_kind_may_stand_where_an_upstream_is_expected()
    {
        await using var upstream = await FakeUpstream.StartAsync(Accepts);
        await using var inner = await StartAsync([Sora(1, upstream)]);
        await using var none = await FakeUpstream.StartAsync(Accepts);
        await using var outer = await StartAsync(
            [Sora(1, none, row => (row.BaseUrl, row.Key) = (inner.Http.BaseAddress!.ToString(), "sk-" + RelayHost.Key))]);

        var id = await OrderedAsync(outer);

        var behind = (await outer.Services.GetRequiredService<TaskStore>().FindAsync(1, id, Cancel))!.UpstreamId;
        Assert.Equal(behind, (await OnlyTaskAsync(inner)).Id);
        await EndAsync(inner, behind, new TaskNews { State = TaskState.Succeeded, ResultUrl = "https://films.example/1.mp4" });
        var service = Providers.ProviderRegistry.Find(55)!.Tasks!;
        var answer = await AskAsync(service, outer, behind);
        var report = Assert.Single(answer.Reports);
        Assert.Equal((behind, TaskState.Succeeded, "https://films.example/1.mp4"), (report.UpstreamId, report.State, report.Url));
    }

    [Fact]
    public async Task A_caller_who_leaves_has_ordered_all_the_same()
    {
        var seen = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            seen.SetResult();
            await go.Task;
            await Accepts(http, request);
        });
        await using var host = await StartAsync([Sora(1, upstream)]);
        using var leaving = new CancellationTokenSource();

        var order = host.PostAsync("/v1/videos", Order, leaving.Token);
        await seen.Task.WaitAsync(Cancel);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => order);
        await RelayHost.UntilAsync(() => Task.FromResult(host.Departures > 0), "the caller leaves");
        go.SetResult();

        Assert.Single(await host.ChargesAsync());
        Assert.Equal((TaskState.Submitted, UpstreamId), ((await OnlyTaskAsync(host)).State, (await OnlyTaskAsync(host)).UpstreamId));
        await host.AssertBooksAreRightAsync(2_000_000);
    }

    [Fact]
    public async Task A_database_that_is_away_for_a_moment_loses_no_task_that_was_accepted()
    {
        RelayHost? relay = null;
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            await ExecuteAsync(relay!, "CREATE TRIGGER away BEFORE UPDATE ON tasks BEGIN SELECT RAISE(ABORT, 'the disk is away'); END");
            await Accepts(http, request);
        });
        await using var host = relay = await StartAsync([Sora(1, upstream)]);

        var order = host.PostAsync("/v1/videos", Order);
        await RelayHost.UntilAsync(() => Task.FromResult(host.Output.Lines.Any(line => line.Contains("fails inside the gateway", StringComparison.Ordinal))), "the database is away");
        await ExecuteAsync(host, "DROP TRIGGER away");

        Assert.Equal(HttpStatusCode.OK, (await order).Status);
        Assert.Equal((TaskState.Submitted, UpstreamId), ((await OnlyTaskAsync(host)).State, (await OnlyTaskAsync(host)).UpstreamId));
        Assert.Single(upstream.Requests);
        await host.AssertBooksAreRightAsync(2_000_000);
    }

    private static Task ExecuteAsync(RelayHost host, string sql) => host.Database.WriteAsync((db, cancel) => db.ExecuteAsync(sql, cancel), Cancel);

    private static Task<Providers.Tasks.TaskAnswer> AskAsync(Providers.Tasks.TaskService service, RelayHost outer, string id)
    {
        outer.Snapshot.Routing.TryFind(1, out var channel, out _);
        return service.AskAsync(
            new Providers.UpstreamMessage { Account = channel!.Account, Key = channel.Keys[0].Secret, Dialect = Domain.Dialect.Video, Model = Film },
            [new Providers.Tasks.AskedTask(id, "", Film)],
            new HttpMessageInvoker(new SocketsHttpHandler()),
            Cancel);
    }

    private static Task<RelayHost> StartAsync(
        ChannelRow[] channels,
        Func<RelayOptions, RelayOptions>? configure = null,
        Action<TokenRow>? token = null,
        Dictionary<string, string>? more = null) =>
        RelayHost.StartAsync(channels, configure, new Dictionary<string, string>(Prices.Concat(more ?? [])), token);

    private static ChannelRow Sora(long id, FakeUpstream upstream, Action<ChannelRow>? change = null) => RelayHost.Channel(id, upstream, row =>
    {
        (row.Type, row.Models) = (55, Film);
        change?.Invoke(row);
    });

    private static ChannelRow Suno(long id, FakeUpstream upstream, long priority) =>
        RelayHost.Channel(id, upstream, row => (row.Type, row.Models, row.Priority) = (36, "suno_music,suno_lyrics", priority));

    private static UpstreamScript Answers(string json) => async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await Faults.WriteAsync(http, json);
    };

    private static async Task<string> OrderedAsync(RelayHost host)
    {
        var reply = await host.PostAsync("/v1/videos", Order);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return reply.Json.GetProperty("id").GetString()!;
    }

    private static async Task<long> ReadVersionAsync(RelayHost host, long user)
    {
        await using var db = host.Database.Open();
        return await db.Users.Where(row => row.Id == user).Select(row => row.AuthVersion).SingleAsync(Cancel);
    }

    private static async Task<RelayReply> GetAsync(RelayHost host, string path)
    {
        using var response = await host.Http.GetAsync(path, Cancel);
        return await RelayReply.ReadAsync(response, Cancel);
    }

    private static async Task<StoredTask> OnlyTaskAsync(RelayHost host)
    {
        await using var db = host.Database.Open();
        return new StoredTask(await db.Tasks.SingleAsync(Cancel));
    }

    private static async Task EndAsync(RelayHost host, string id, TaskNews news)
    {
        var store = host.Services.GetRequiredService<TaskStore>();
        Assert.True(await store.EndAsync((await store.FindAsync(1, id, Cancel))!, news, Cancel));
    }
}
