using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Tasks;
using NewApi.Domain.Tasks;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Tasks;

/// <summary>Google's films: ordered, priced by what is really sent, and fetched with the key that only Google may see.</summary>
public sealed class VeoTests
{
    private const string Model = "veo-3.1-generate-preview";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Film_is_sold_by_seconds_and_resolution_and_fetched_with_the_channels_key()
    {
        await using var google = await FakeUpstream.StartAsync(async (http, request) =>
        {
            if (request.Headers["x-goog-api-key"] != "upstream-secret-1")
            {
                http.Response.StatusCode = 403;
            }
            else if (request.Path.StartsWith("/v1beta/files/", StringComparison.Ordinal))
            {
                http.Response.Redirect("/download/v1beta/files/abc:download?alt=media");
            }
            else
            {
                await http.Response.WriteAsync(request.Path.StartsWith("/download", StringComparison.Ordinal)
                    ? "film"
                    : """{"name":"models/veo-3.1-generate-preview/operations/op1"}""", Cancel);
            }
        });
        await using var host = await RelayHost.StartAsync(
            [RelayHost.Channel(1, google, row => (row.Type, row.Models) = (24, Model))],
            options: new() { ["ModelPrice"] = $$"""{"{{Model}}":0.4}""", ["ServerAddress"] = "https://gateway.example" });

        var reply = await host.PostAsync("/v1/videos", $$"""{"model":"{{Model}}","prompt":"A cat","size":"3840x2160","seconds":"4"}""");

        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        Assert.Equal("""{"seconds":4,"resolution":1.5}""", reply.Headers.GetValues("X-New-Api-Other-Ratios").Single());
        // 0.4 USD a second, four seconds, half as much again for the size.
        Assert.Equal(1_200_000, Assert.Single(await host.ChargesAsync()).Quota);
        var id = reply.Json.GetProperty("id").GetString()!;
        var store = host.Services.GetRequiredService<TaskStore>();
        var news = new TaskNews { State = TaskState.Succeeded, ResultUrl = $"key:{google.Address}/v1beta/files/abc:download?alt=media" };
        Assert.True(await store.EndAsync((await store.FindAsync(1, id, Cancel))!, news, Cancel));

        using var shown = await host.Http.GetAsync($"/v1/videos/{id}", Cancel);
        Assert.Contains($"https://gateway.example/v1/videos/{id}/content", await shown.Content.ReadAsStringAsync(Cancel));
        Assert.Equal("film", await host.Http.GetStringAsync($"/v1/videos/{id}/content", Cancel));
        await host.AssertBooksAreRightAsync(1_200_000);
    }

    [Fact]
    public async Task Key_is_shown_to_nobody_but_google()
    {
        await using var google = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("""{"name":"models/m/operations/op1"}""", Cancel));
        await using var other = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("film", Cancel));
        await using var host = await RelayHost.StartAsync(
            [RelayHost.Channel(1, google, row => (row.Type, row.Models) = (24, Model))],
            options: new()
            {
                ["ModelPrice"] = $$"""{"{{Model}}":0.4}""",
                ["fetch_setting.allow_private_ip"] = "true",
                ["fetch_setting.allowed_ports"] = "[]",
            });
        var id = (await host.PostAsync("/v1/videos", $$"""{"model":"{{Model}}","prompt":"A cat"}""")).Json.GetProperty("id").GetString()!;
        var store = host.Services.GetRequiredService<TaskStore>();
        await store.EndAsync((await store.FindAsync(1, id, Cancel))!, new TaskNews { State = TaskState.Succeeded, ResultUrl = $"key:{other.Address}/film" }, Cancel);

        Assert.Equal("film", await host.Http.GetStringAsync($"/v1/videos/{id}/content", Cancel));
        Assert.Empty(Assert.Single(other.Requests).Headers["x-goog-api-key"].ToString());
    }

    [Theory]
    [InlineData(200, """{"name":"op1","done":true,"response":{"videos":[{"bytesBase64Encoded":"ZmlsbQ==","mimeType":"video/mp4"}]}}""", HttpStatusCode.OK)]
    [InlineData(200, """{"name":"op1","done":true,"response":{}}""", HttpStatusCode.NotFound)]
    [InlineData(404, """{"error":{"code":404,"message":"The operation is gone."}}""", HttpStatusCode.BadGateway)]
    public async Task Film_inside_an_operation_is_asked_for_when_somebody_wants_to_see_it(int status, string answer, HttpStatusCode expected)
    {
        await using var google = await FakeUpstream.StartAsync(async (http, request) =>
        {
            var asked = request.Path.Contains(":fetchPredictOperation", StringComparison.Ordinal);
            http.Response.StatusCode = asked ? status : 200;
            await http.Response.WriteAsync(asked ? answer : """{"name":"op1"}""", Cancel);
        });
        await using var host = await RelayHost.StartAsync(
            [
                RelayHost.Channel(1, google, row =>
                {
                    (row.Type, row.Models, row.Settings) = (41, Model, """{"vertex_key_type":"api_key"}""");
                }),
            ],
            options: new() { ["ModelPrice"] = $$"""{"{{Model}}":0.4}""" });
        var id = (await host.PostAsync("/v1/videos", $$"""{"model":"{{Model}}","prompt":"A cat"}""")).Json.GetProperty("id").GetString()!;
        var store = host.Services.GetRequiredService<TaskStore>();
        await store.EndAsync((await store.FindAsync(1, id, Cancel))!, new TaskNews { State = TaskState.Succeeded, ResultUrl = "inside:" }, Cancel);

        using var film = await host.Http.GetAsync($"/v1/videos/{id}/content", Cancel);

        Assert.Equal(expected, film.StatusCode);
        var text = await film.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(expected == HttpStatusCode.OK, text == "film");
        Assert.DoesNotContain("upstream-secret", text);
    }
}
