using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LinqToDB;
using LinqToDB.Async;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.RelayService.Midjourney;
using NewApi.Testing.Databases;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>Drawings, from the submission to the picture, against a proxy.</summary>
public sealed class MidjourneyTests
{
    private const string Models =
        "mj_imagine,mj_describe,mj_modal,mj_upscale,mj_variation,mj_reroll,mj_inpaint,mj_custom_zoom,mj_upload,mj_zoom,swap_face";

    private static readonly Dictionary<string, string> Plain = new() { ["ServerAddress"] = "https://gateway.example" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Drawing_is_paid_and_stored_before_the_proxy_hears_of_it()
    {
        MidjourneyRow? seen = null;
        RelayHost? relay = null;
        await using var proxy = await FakeUpstream.StartAsync(async (http, _) =>
        {
            seen = await RowAsync(relay!);
            await AnswerAsync(http, 1, "1320098173412546");
        });
        await using (relay = await StartAsync(proxy))
        {
            var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat --fast","base64Array":["data:image/png;base64,AAAA"],"state":"mine"}""");

            Assert.Equal((HttpStatusCode.OK, 1, "1320098173412546"), (reply.Status, Code(reply), reply.Json.GetProperty("result").GetString()));
            Assert.Equal(("", "0%", 50_000L), (seen!.Status, seen.Progress, seen.Quota));
            var sent = Assert.Single(proxy.Requests);
            Assert.Equal(("/mj/submit/imagine", "upstream-secret-1"), (sent.Path, sent.Headers["mj-api-secret"].ToString()));
            Assert.Empty(sent.Headers.Authorization.ToString());
            Assert.Equal("""{"prompt":"a cat --fast","base64Array":["data:image/png;base64,AAAA"],"state":"mine"}""", sent.Text);
            var row = await RowAsync(relay);
            Assert.Equal(("IMAGINE", "1320098173412546", "SUBMITTED", "a cat --fast", 1L), (row.Action, row.MjId, row.Status, row.Prompt, row.ChannelId));
            var charge = Assert.Single(await relay.ChargesAsync());
            Assert.Equal(("mj_imagine", 50_000L, reply.RequestId), (charge.ModelName, charge.Quota, charge.RequestId));
            Assert.Contains("\"billing_source\":\"wallet\"", charge.Other);
            await relay.AssertBooksAreRightAsync(50_000);
        }
    }

    [Theory]
    [InlineData(3, 400)]
    [InlineData(4, 400)]
    [InlineData(5, 400)]
    [InlineData(23, 400)]
    [InlineData(24, 400)]
    [InlineData(30, 429)]
    public async Task What_the_proxy_does_not_take_is_given_back_and_told_in_its_shape(int code, int status)
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, code, null, "not now"));
        await using var relay = await StartAsync(proxy);

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal(status, (int)reply.Status);
        Assert.Equal($$"""{"description":"not now","type":"upstream_error","code":{{code}}}""", reply.Text);
        var row = await RowAsync(relay);
        Assert.Equal(("FAILURE", "100%", code, "not now", 0L), (row.Status, row.Progress, (int)row.Code, row.FailReason, row.Quota));
        await relay.AssertBooksAreRightAsync(0);
        Assert.Empty(await relay.LogsAsync(2, 0));
        Assert.Empty(await relay.LogsAsync(6, 0));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(23)]
    [InlineData(30)]
    public async Task Another_channel_draws_when_the_first_has_no_room_or_no_account(int code)
    {
        await using var full = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, code, null, "not now"));
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await RelayHost.StartAsync([Channel(1, full, row => row.Priority = 9), Channel(2, proxy)], options: new(Plain));

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal((HttpStatusCode.OK, 1), (reply.Status, Code(reply)));
        Assert.Equal(1, await CountAsync(relay));
        Assert.Equal((2L, "1", 50_000L), ((await RowAsync(relay)).ChannelId, (await RowAsync(relay)).MjId, (await RowAsync(relay)).Quota));
        Assert.Equal(2, Assert.Single(await relay.ChargesAsync()).ChannelId);
        Assert.Equal((0L, 50_000L), ((await relay.ChannelAsync(1)).UsedQuota, (await relay.ChannelAsync(2)).UsedQuota));
        await relay.AssertBooksAreRightAsync(50_000);
    }

    [Theory]
    [InlineData(504)]
    [InlineData(200)]
    [InlineData(0)]
    public async Task Task_that_may_have_been_taken_is_handed_to_nobody_else(int status)
    {
        await using var vague = await FakeUpstream.StartAsync((http, _) =>
        {
            if (status == 0)
            {
                http.Abort();
                return Task.CompletedTask;
            }
            http.Response.StatusCode = status;
            return http.Response.WriteAsync("<html>", Cancel);
        });
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await RelayHost.StartAsync([Channel(1, vague, row => row.Priority = 9), Channel(2, proxy)], options: new(Plain));

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal(5, Code(reply));
        Assert.Empty(proxy.Requests);
        Assert.Equal(("FAILURE", 1L), ((await RowAsync(relay)).Status, (await RowAsync(relay)).ChannelId));
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Log_database_that_is_away_costs_neither_the_drawing_nor_the_gateway()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var logs = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var relay = await RelayHost.StartAsync([Channel(1, proxy)], options: new(Plain), logs: logs.Dsn);
        await logs.ExecuteAsync("ALTER TABLE logs RENAME TO away");

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal((HttpStatusCode.OK, 1), (reply.Status, Code(reply)));
        Assert.Equal(("SUBMITTED", "1", 50_000L), ((await RowAsync(relay)).Status, (await RowAsync(relay)).MjId, (await RowAsync(relay)).Quota));
        await logs.ExecuteAsync("ALTER TABLE away RENAME TO logs");
        Assert.Equal(1, await relay.Services.GetRequiredService<LogOutbox>().DrainAsync(Cancel));
        Assert.Equal("50000", await logs.ReadAsync("SELECT quota FROM logs WHERE type = 2"));
        await relay.AssertBooksAreRightAsync(50_000);
    }

    [Fact]
    public async Task What_is_set_aside_for_calls_pays_for_a_drawing_too()
    {
        await using var chat = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, chat), Channel(2, proxy)], options: new(Plain), token: token => (token.UnlimitedQuota, token.RemainQuota) = (false, 60_000));
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        await relay.ChargesAsync();

        Assert.Equal(HttpStatusCode.OK, (await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""")).Status);
    }

    [Fact]
    public async Task Proxy_that_cannot_be_reached_costs_nothing()
    {
        string address;
        await using (var gone = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1")))
        {
            address = gone.Address;
        }
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy, change: row => row.BaseUrl = address);

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal((HttpStatusCode.BadGateway, 5), (reply.Status, Code(reply)));
        Assert.DoesNotContain("127.0.0.1", reply.Text);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Theory]
    [InlineData(401, 502, 5)]
    [InlineData(429, 429, 30)]
    [InlineData(500, 502, 5)]
    public async Task Status_of_the_proxys_server_is_no_answer(int status, int told, int code)
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync("<html>upstream-secret-1</html>", Cancel);
        });
        await using var relay = await StartAsync(proxy);

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal((told, code), ((int)reply.Status, Code(reply)));
        Assert.DoesNotContain("secret", reply.Text);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Queued_task_is_an_accepted_one()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync(
            """{"code":22,"description":"in queue","result":1320098173412546,"properties":{"numberOfQueues":2}}""", Cancel));
        await using var relay = await StartAsync(proxy);

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal("""{"code":1,"description":"in queue","result":1320098173412546,"properties":{"numberOfQueues":2}}""", reply.Text);
        Assert.Equal(("1320098173412546", 22L), ((await RowAsync(relay)).MjId, (await RowAsync(relay)).Code));
        await relay.AssertBooksAreRightAsync(50_000);
    }

    [Fact]
    public async Task Channel_whose_proxy_has_no_account_is_disabled()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 3, null, "no account instance"));
        await using var relay = await StartAsync(proxy, new() { ["AutomaticDisableChannelEnabled"] = "true" });

        await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        await RelayHost.UntilAsync(async () => (await relay.ChannelAsync(1)).Status == 3, "the channel is disabled");
    }

    [Fact]
    public async Task Caller_without_balance_gets_no_drawing()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy, token: token => (token.UnlimitedQuota, token.RemainQuota) = (false, 49_999));

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal((HttpStatusCode.BadRequest, 4), (reply.Status, Code(reply)));
        Assert.Empty(proxy.Requests);
        Assert.Equal(0, await CountAsync(relay));
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Wrong_key_is_refused_in_the_proxys_shape()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy);
        relay.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-nobody");

        var reply = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal((HttpStatusCode.Unauthorized, 4), (reply.Status, Code(reply)));
        Assert.Equal("upstream_error", reply.Json.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Key_may_come_as_the_proxys_own_header_and_the_mode_goes_upstream()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy);
        relay.Http.DefaultRequestHeaders.Authorization = null;
        relay.Http.DefaultRequestHeaders.Add("mj-api-secret", "sk-" + RelayHost.Key);

        var reply = await relay.PostAsync("/fast/mj/submit/imagine", """{"prompt":"a cat"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var sent = Assert.Single(proxy.Requests);
        Assert.Equal(("/fast/mj/submit/imagine", "upstream-secret-1"), (sent.Path, sent.Headers["mj-api-secret"].ToString()));
        Assert.Equal(HttpStatusCode.NotFound, (await relay.PostAsync("/f.x/mj/submit/imagine", """{"prompt":"a cat"}""")).Status);
    }

    [Fact]
    public async Task Accounts_hooks_and_modes_stay_behind_when_the_operator_says_so()
    {
        const string Body =
            """{"prompt":"a --fast cat --relax, --turbo","accountFilter":{"modes":["FAST"]},"notifyHook":"https://evil.example/","botType":"MID_JOURNEY"}""";
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using (var relay = await StartAsync(proxy, new() { ["MjModeClearEnabled"] = "true" }))
        {
            await relay.PostAsync("/mj/submit/imagine", Body);
        }
        await using (var relay = await StartAsync(proxy, new() { ["MjAccountFilterEnabled"] = "true", ["MjNotifyEnabled"] = "true" }))
        {
            await relay.PostAsync("/mj/submit/imagine", Body);
        }

        Assert.Equal(["""{"prompt":"a cat,","botType":"MID_JOURNEY"}""", Body], proxy.Requests.Select(request => request.Text));
    }

    [Theory]
    [InlineData("change", """{"taskId":"1","action":"UPSCALE","index":2}""", "UPSCALE", 25_000)]
    [InlineData("change", """{"taskId":1,"action":"reroll"}""", "REROLL", 50_000)]
    [InlineData("simple-change", """{"content":"1 u2"}""", "UPSCALE", 25_000)]
    [InlineData("simple-change", """{"content":"1 V4"}""", "VARIATION", 50_000)]
    [InlineData("simple-change", """{"content":"1 r"}""", "REROLL", 50_000)]
    [InlineData("action", """{"taskId":"1","customId":"MJ::JOB::upsample::2::3dbbd469"}""", "UPSCALE", 25_000)]
    [InlineData("action", """{"taskId":"1","customId":"MJ::JOB::reroll::0::3dbbd469::SOLO"}""", "REROLL", 50_000)]
    [InlineData("action", """{"taskId":"1","customId":"MJ::Outpaint::50::1::3dbbd469::SOLO"}""", "ZOOM", 50_000)]
    [InlineData("action", """{"taskId":"1","customId":"MJ::Inpaint::1::3dbbd469::SOLO"}""", "INPAINT", 0)]
    [InlineData("action", """{"taskId":"1","customId":"MJ::CustomZoom::3dbbd469"}""", "CUSTOM_ZOOM", 0)]
    [InlineData("modal", """{"taskId":"1","prompt":"a dog"}""", "MODAL", 50_000)]
    public async Task Following_task_goes_to_its_parents_channel_and_costs_its_own_price(string route, string body, string action, long points)
    {
        await using var other = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "wrong"));
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 21, "2"));
        await using var relay = await RelayHost.StartAsync(
            [Channel(1, other, row => row.Priority = 9), Channel(2, proxy)], options: new(Plain));
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", Action = "IMAGINE", Status = "SUCCESS", Progress = "100%", ChannelId = 2 });

        var reply = await relay.PostAsync("/mj/submit/" + route, body);

        Assert.Equal((HttpStatusCode.OK, 21), (reply.Status, Code(reply)));
        Assert.Equal(body, Assert.Single(proxy.Requests).Text);
        Assert.Empty(other.Requests);
        var row = await RowAsync(relay);
        Assert.Equal((action, "2", 2L, points), (row.Action, row.MjId, row.ChannelId, row.Quota));
        Assert.Equal(points == 0 ? 0 : 1, (await relay.ChargesAsync(points == 0 ? 0 : 1)).Count);
        await relay.AssertBooksAreRightAsync(points);
    }

    [Theory]
    [InlineData("change", """{"taskId":"1","action":"UPSCALE","index":1}""", "IN_PROGRESS", 1, "task_status_not_success")]
    [InlineData("change", """{"taskId":"1","action":"UPSCALE","index":1}""", "SUCCESS", 2, "task_no_found")]
    [InlineData("change", """{"taskId":"unknown","action":"UPSCALE","index":1}""", "SUCCESS", 1, "task_no_found")]
    [InlineData("change", """{"taskId":"1","action":"DANCE"}""", "SUCCESS", 1, "unknown_action")]
    [InlineData("action", """{"taskId":"1","customId":"MJ::BOOKMARK::1"}""", "SUCCESS", 1, "unknown_action")]
    [InlineData("simple-change", """{"content":"1 u5"}""", "SUCCESS", 1, "content_error")]
    [InlineData("imagine", """{"base64Array":[]}""", "SUCCESS", 1, "prompt")]
    [InlineData("imagine", """["prompt"]""", "SUCCESS", 1, "JSON object")]
    [InlineData("imagine", """{"prompt":"a" """, "SUCCESS", 1, "JSON object")]
    [InlineData("modal", """{"prompt":"a dog"}""", "SUCCESS", 1, "taskId")]
    public async Task Task_that_cannot_be_is_refused_for_nothing(string route, string body, string status, long owner, string description)
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "2"));
        await using var relay = await StartAsync(proxy);
        await AddAsync(relay, new MidjourneyRow { UserId = owner, MjId = "1", Action = "IMAGINE", Status = status, ChannelId = 1 });

        var reply = await relay.PostAsync("/mj/submit/" + route, body);

        Assert.Equal((HttpStatusCode.BadRequest, 4), (reply.Status, Code(reply)));
        Assert.Contains(description, reply.Json.GetProperty("description").GetString());
        Assert.Empty(proxy.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Waiting_window_may_be_filled_in_and_unfinished_parents_used_when_nobody_checks()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "2"));
        await using var relay = await StartAsync(proxy, new() { ["MjActionCheckSuccessEnabled"] = "false" });
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", Action = "INPAINT", Status = "MODAL", ChannelId = 1 });

        Assert.Equal(HttpStatusCode.OK, (await relay.PostAsync("/mj/submit/modal", """{"taskId":"1","maskBase64":"AAAA"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.PostAsync("/mj/submit/change", """{"taskId":"1","action":"REROLL"}""")).Status);
    }

    [Fact]
    public async Task Parent_on_a_channel_out_of_service_cannot_be_followed()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "2"));
        await using var relay = await RelayHost.StartAsync([Channel(1, proxy), Channel(2, proxy, row => row.Status = 2)]);
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", Action = "IMAGINE", Status = "SUCCESS", ChannelId = 2 });

        var reply = await relay.PostAsync("/mj/submit/change", """{"taskId":"1","action":"REROLL"}""");

        Assert.Equal((HttpStatusCode.BadRequest, 4), (reply.Status, Code(reply)));
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task Faces_are_swapped_and_uploads_are_over_when_they_are_answered()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, request) => request.Path.EndsWith("swap", StringComparison.Ordinal)
            ? AnswerAsync(http, 1, "7")
            : http.Response.WriteAsync("""{"code":1,"description":"ok","result":["https://cdn.example/1.png"]}""", Cancel));
        await using var relay = await StartAsync(proxy, new() { ["ModelPrice"] = """{"swap_face":0.02,"mj_upload":0.05}""" });

        Assert.Equal(HttpStatusCode.BadRequest, (await relay.PostAsync("/mj/insight-face/swap", """{"sourceBase64":"AA"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.PostAsync("/mj/insight-face/swap", """{"sourceBase64":"AA","targetBase64":"BB"}""")).Status);
        var swap = await RowAsync(relay);
        Assert.Equal(("SWAP_FACE", "7", 10_000L), (swap.Action, swap.MjId, swap.Quota));

        var upload = await relay.PostAsync("/mj/submit/upload-discord-images", """{"base64Array":["data:image/png;base64,AAAA"]}""");
        Assert.Equal("https://cdn.example/1.png", upload.Json.GetProperty("result")[0].GetString());
        var row = await RowAsync(relay);
        Assert.Equal(("UPLOAD", "SUCCESS", "100%", 25_000L), (row.Action, row.Status, row.Progress, row.Quota));
        await relay.AssertBooksAreRightAsync(35_000);
    }

    [Fact]
    public async Task Task_is_shown_to_its_owner_alone_and_its_picture_under_our_address()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy);
        await AddAsync(relay, new MidjourneyRow
        {
            UserId = 1,
            MjId = "1",
            Action = "IMAGINE",
            Prompt = "猫",
            PromptEn = "cat",
            State = "mine",
            Status = "SUCCESS",
            Progress = "100%",
            SubmitTime = 1_700_000_000_001,
            StartTime = 1_700_000_000_002,
            FinishTime = 1_700_000_000_003,
            ImageUrl = "https://cdn.example/1.png",
            Buttons = """[{"customId":"MJ::JOB::upsample::1::x","label":"U1"}]""",
            Properties = """{"finalPrompt":"cat"}""",
            ChannelId = 1,
        });
        await AddAsync(relay, new MidjourneyRow { UserId = 2, MjId = "2", ImageUrl = "https://cdn.example/2.png", Buttons = "no json" });

        var mine = await GetAsync(relay, "/mj/task/1/fetch");
        Assert.Equal(
            """{"id":"1","action":"IMAGINE","customId":"","botType":"","prompt":"猫","promptEn":"cat","description":"","state":"mine","submitTime":1700000000001,"startTime":1700000000002,"finishTime":1700000000003,"imageUrl":"https://gateway.example/mj/image/1","videoUrl":"","videoUrls":[],"status":"SUCCESS","progress":"100%","failReason":"","buttons":[{"customId":"MJ::JOB::upsample::1::x","label":"U1"}],"maskBase64":"","properties":{"finalPrompt":"cat"}}""",
            mine.Text);
        var foreign = await GetAsync(relay, "/mj/task/2/fetch");
        Assert.Equal((HttpStatusCode.BadRequest, 4), (foreign.Status, Code(foreign)));
        Assert.Contains("task_no_found", foreign.Text);
        var listed = await relay.PostAsync("/relax/mj/task/list-by-condition", """{"ids":["1","2","3"]}""");
        Assert.Equal($"[{mine.Text}]", listed.Text);
        Assert.Equal("[]", (await relay.PostAsync("/mj/task/list-by-condition", """{"ids":[]}""")).Text);
        Assert.Equal(HttpStatusCode.BadRequest, (await relay.PostAsync("/mj/task/list-by-condition", """{"ids":"1"}""")).Status);
    }

    [Fact]
    public async Task Key_that_is_used_up_still_opens_what_it_has_paid_for()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy, token: token => (token.UnlimitedQuota, token.RemainQuota) = (false, 0));
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", Action = "IMAGINE", Status = "SUCCESS", ChannelId = 1 });

        Assert.Equal(HttpStatusCode.Unauthorized, (await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(relay, "/mj/task/1/fetch")).Status);
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task Key_that_is_limited_to_some_models_sees_their_drawings_alone()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "9"));
        await using var relay = await StartAsync(proxy, token: token => (token.ModelLimitsEnabled, token.ModelLimits) = (true, "mj_upscale"));
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", Action = "IMAGINE", Status = "SUCCESS", ChannelId = 1 });
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "2", Action = "UPSCALE", Status = "SUCCESS", ChannelId = 1 });

        Assert.Equal(HttpStatusCode.BadRequest, (await GetAsync(relay, "/mj/task/1/fetch")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(relay, "/mj/task/2/fetch")).Status);
        Assert.Equal("2", Assert.Single((await relay.PostAsync("/mj/task/list-by-condition", """{"ids":["1","2"]}""")).Json.EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""")).Status);
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task Picture_keeps_its_own_address_when_the_operator_does_not_forward()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy, new() { ["MjForwardUrlEnabled"] = "false" });
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", ImageUrl = "https://cdn.example/1.png" });

        Assert.Equal("https://cdn.example/1.png", (await GetAsync(relay, "/mj/task/1/fetch")).Json.GetProperty("imageUrl").GetString());
    }

    [Fact]
    public async Task Seed_is_asked_from_the_proxy_that_has_the_task()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "3141592"));
        await using var relay = await StartAsync(proxy);
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", Status = "SUCCESS", ChannelId = 1 });

        var reply = await GetAsync(relay, "/mj/task/1/image-seed");

        Assert.Equal("3141592", reply.Json.GetProperty("result").GetString());
        var sent = Assert.Single(proxy.Requests);
        Assert.Equal(("/mj/task/1/image-seed", "upstream-secret-1"), (sent.Path, sent.Headers["mj-api-secret"].ToString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await GetAsync(relay, "/mj/task/2/image-seed")).Status);
    }

    [Fact]
    public async Task Pictures_are_shown_to_anybody_and_nothing_but_pictures()
    {
        byte[] picture = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        await using var cdn = await FakeUpstream.StartAsync(async (http, request) =>
        {
            http.Response.ContentType = request.Path.EndsWith("png", StringComparison.Ordinal) ? "application/octet-stream" : "image/png";
            await http.Response.Body.WriteAsync(request.Path switch
            {
                "/1.png" => picture,
                "/3.png" => [.. picture, .. new byte[2 << 20]],
                _ => "<svg onload='alert(1)'/>"u8.ToArray(),
            }, Cancel);
        });
        await using var relay = await RelayHost.StartAsync(
            [Channel(1, cdn)],
            settings => settings with { MaxFileDownload = 1 << 20 },
            new(Plain) { ["fetch_setting.allow_private_ip"] = "true", ["fetch_setting.allowed_ports"] = "[]" });
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", ImageUrl = cdn.Address + "/1.png", Progress = "100%" });
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "2", ImageUrl = cdn.Address + "/2.svg" });
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "3", ImageUrl = cdn.Address + "/3.png" });
        relay.Http.DefaultRequestHeaders.Authorization = null;

        using var answer = await relay.Http.GetAsync("/mj/image/1", Cancel);
        Assert.Equal(picture, await answer.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(("image/png", "nosniff"), (answer.Content.Headers.ContentType!.MediaType, answer.Headers.GetValues("X-Content-Type-Options").Single()));
        Assert.Equal(TimeSpan.FromDays(1), answer.Headers.CacheControl!.MaxAge);
        Assert.Equal(HttpStatusCode.BadGateway, (await GetAsync(relay, "/mj/image/2")).Status);
        await Assert.ThrowsAnyAsync<Exception>(() => relay.Http.GetByteArrayAsync("/mj/image/3", Cancel));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(relay, "/mj/image/4")).Status);
    }

    [Fact]
    public async Task Picture_on_a_private_address_is_refused()
    {
        await using var cdn = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("secret", Cancel));
        await using var relay = await StartAsync(cdn);
        await AddAsync(relay, new MidjourneyRow { UserId = 1, MjId = "1", ImageUrl = cdn.Address + "/1.png" });

        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(relay, "/mj/image/1")).Status);
        Assert.Empty(cdn.Requests);
    }

    [Fact]
    public async Task Proxy_ends_its_task_by_the_address_that_it_was_given_and_a_stranger_does_not()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 1, "1"));
        await using var relay = await StartAsync(proxy, new() { ["MjNotifyEnabled"] = "true" });
        var submitted = await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""");
        var hook = System.Text.Json.JsonDocument.Parse(Assert.Single(proxy.Requests).Body).RootElement.GetProperty("notifyHook").GetString()!;
        Assert.StartsWith($"https://gateway.example/mj/notify/1/{submitted.RequestId}/", hook);
        var path = new Uri(hook).AbsolutePath;
        const string Failed = """{"id":"1","status":"FAILURE","progress":"100%","failReason":"banned words"}""";

        relay.Http.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(HttpStatusCode.NotFound, (await relay.PostAsync(path[..^4] + "AAAA", Failed)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await relay.PostAsync(path.Replace("/1/", "/2/", StringComparison.Ordinal), Failed)).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.PostAsync(path, """{"id":"other","status":"FAILURE"}""")).Status);
        Assert.Equal("SUBMITTED", (await RowAsync(relay)).Status);

        Assert.Equal(HttpStatusCode.OK, (await relay.PostAsync(path, """{"id":"1","status":"IN_PROGRESS","progress":"30%","imageUrl":"https://cdn.example/1.webp"}""")).Status);
        Assert.Equal(("IN_PROGRESS", "30%", "https://cdn.example/1.webp"), ((await RowAsync(relay)).Status, (await RowAsync(relay)).Progress, (await RowAsync(relay)).ImageUrl));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => relay.PostAsync(path, Failed)));
        // Too late: the task has ended.
        await relay.PostAsync(path, """{"id":"1","status":"SUCCESS","progress":"100%"}""");

        var row = await RowAsync(relay);
        Assert.Equal(("FAILURE", "100%", "banned words"), (row.Status, row.Progress, row.FailReason));
        Assert.Single(await relay.LogsAsync(6, 1));
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Caller_who_leaves_still_has_the_task_that_was_paid()
    {
        var go = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        await using var proxy = await FakeUpstream.StartAsync(async (http, _) =>
        {
            reached.SetResult();
            await go.Task;
            await AnswerAsync(http, 1, "1");
        });
        await using var relay = await StartAsync(proxy);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var call = relay.PostAsync("/mj/submit/imagine", """{"prompt":"a cat"}""", leaving.Token);
        await reached.Task;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await RelayHost.UntilAsync(() => Task.FromResult(relay.Departures == 1), "the caller has left");
        go.SetResult();

        await RelayHost.UntilAsync(async () => (await RowAsync(relay)).MjId == "1", "the task is stored as accepted");
        await relay.AssertBooksAreRightAsync(50_000);
    }

    [Fact]
    public async Task Nobody_finds_a_key_or_a_prompt_in_what_was_logged()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => AnswerAsync(http, 24, null, "sensitive"));
        await using var relay = await StartAsync(proxy, new() { ["MjNotifyEnabled"] = "true" });

        await relay.PostAsync("/mj/submit/imagine", """{"prompt":"a very private cat"}""");

        foreach (var line in relay.Output.Lines)
        {
            Assert.DoesNotContain("private cat", line);
            Assert.DoesNotContain("upstream-secret", line);
        }
    }

    private static Task<RelayHost> StartAsync(
        FakeUpstream proxy, Dictionary<string, string>? options = null, Action<TokenRow>? token = null, Action<ChannelRow>? change = null)
    {
        var all = new Dictionary<string, string>(Plain);
        foreach (var (name, value) in options ?? [])
        {
            all[name] = value;
        }
        return RelayHost.StartAsync([Channel(1, proxy, change)], options: all, token: token);
    }

    private static ChannelRow Channel(long id, FakeUpstream proxy, Action<ChannelRow>? change = null) => RelayHost.Channel(id, proxy, row =>
    {
        row.Type = 2;
        row.Models = Models;
        change?.Invoke(row);
    });

    private static Task AnswerAsync(HttpContext http, int code, string? result, string description = "ok") => http.Response.WriteAsync(
        System.Text.Json.JsonSerializer.Serialize(new { code, description, result, properties = new { } }), Encoding.UTF8, Cancel);

    private static async Task<RelayReply> GetAsync(RelayHost relay, string path)
    {
        using var response = await relay.Http.GetAsync(path, Cancel);
        return await RelayReply.ReadAsync(response, Cancel);
    }

    private static int Code(RelayReply reply) => reply.Json.GetProperty("code").GetInt32();

    private static Task AddAsync(RelayHost relay, MidjourneyRow row) => relay.Database.WriteAsync((db, cancel) => db.InsertAsync(row, token: cancel), Cancel);

    private static async Task<MidjourneyRow> RowAsync(RelayHost relay)
    {
        await using var db = relay.Database.Open();
        return await db.Midjourneys.OrderByDescending(row => row.Id).FirstAsync(Cancel);
    }

    private static async Task<int> CountAsync(RelayHost relay)
    {
        await using var db = relay.Database.Open();
        return await db.Midjourneys.CountAsync(Cancel);
    }
}
