using System.Buffers;
using System.Text;
using NewApi.Domain;
using NewApi.Domain.Midjourney;
using NewApi.Protocols.Midjourney;

namespace NewApi.Protocols.Tests;

/// <summary>What midjourney-proxy's clients write and its proxies say, byte by byte.</summary>
public sealed class MidjourneyTests
{
    private static readonly MidjourneyEdits Nothing = new(KeepAccountFilter: false, KeepNotifyHook: false, NotifyHook: null, ClearMode: false);

    [Theory]
    [InlineData("a cat --fast", "a cat")]
    [InlineData("a cat --FAST --ar 16:9 --relax", "a cat --ar 16:9")]
    [InlineData("--turbo", "")]
    [InlineData("a --faster cat --relaxed", "a --faster cat --relaxed")]
    [InlineData("a breakfast", "a breakfast")]
    public void Mode_leaves_the_prompt_and_nothing_else_does(string prompt, string expected)
    {
        var body = $$"""{"prompt":"{{prompt}}","state":"{{prompt}}"}""";

        Assert.Equal($$"""{"prompt":"{{expected}}","state":"{{prompt}}"}""", Write(body, Nothing with { ClearMode = true }));
        Assert.Equal(body, Write(body, Nothing));
    }

    [Theory]
    [InlineData("""{"a":1,"notifyHook":"https://x","accountFilter":{"modes":["FAST",{"b":[]}]},"c":[{"d":null}]}""", """{"a":1,"c":[{"d":null}]}""")]
    [InlineData("""{"notify\u0048ook":"https://x","n\u0061me":1}""", """{"name":1}""")]
    [InlineData(""" { "prompt" : "猫\n" , "x" : 1e400 } """, """{"prompt":"猫\n","x":1e400}""")]
    [InlineData("{}", "{}")]
    public void Everything_goes_on_but_accounts_and_hooks(string body, string expected) => Assert.Equal(expected, Write(body, Nothing));

    [Theory]
    [InlineData("""{"notifyHook":"https://mine"}""", """{"notifyHook":"https://mine"}""")]
    [InlineData("""{"notifyHook":""}""", """{"notifyHook":"https://ours"}""")]
    [InlineData("""{"notifyHook":null}""", """{"notifyHook":"https://ours"}""")]
    [InlineData("""{"notifyHook":{"a":1},"b":2}""", """{"b":2,"notifyHook":"https://ours"}""")]
    [InlineData("{}", """{"notifyHook":"https://ours"}""")]
    public void Our_hook_stands_where_the_caller_has_none(string body, string expected) =>
        Assert.Equal(expected, Write(body, Nothing with { KeepNotifyHook = true, NotifyHook = "https://ours" }));

    [Theory]
    [InlineData("MJ::JOB::upsample::2::3dbbd469", "UPSCALE")]
    [InlineData("MJ::JOB::upsample_v6_2x_subtle::1::3dbbd469::SOLO", "UPSCALE")]
    [InlineData("MJ::JOB::variation::4::3dbbd469", "VARIATION")]
    [InlineData("MJ::JOB::low_variation::1::3dbbd469::SOLO", "LOW_VARIATION")]
    [InlineData("MJ::JOB::high_variation::1::3dbbd469::SOLO", "HIGH_VARIATION")]
    [InlineData("MJ::JOB::pan_left::1::3dbbd469::SOLO", "PAN")]
    [InlineData("MJ::JOB::reroll::0::3dbbd469::SOLO", "REROLL")]
    [InlineData("MJ::Outpaint::75::1::3dbbd469::SOLO", "ZOOM")]
    [InlineData("MJ::CustomZoom::3dbbd469", "CUSTOM_ZOOM")]
    [InlineData("MJ::Inpaint::1::3dbbd469::SOLO", "INPAINT")]
    [InlineData("MJ::BOOKMARK::3dbbd469", null)]
    public void Buttons_say_what_they_do(string customId, string? action) => Assert.Equal(action, MidjourneyActions.OfButton(customId));

    [Theory]
    [InlineData("""{"code":1,"result":"7"}""", 1, "7", true)]
    [InlineData("""{"code":"21","description":"exists","result":7}""", 21, "7", true)]
    [InlineData("""{"code":22,"result":"7","properties":{"code":22}}""", 22, "7", true)]
    [InlineData("""{"code":24,"result":null}""", 24, "", false)]
    public void Answers_are_read_however_they_write_numbers(string body, int code, string task, bool accepted)
    {
        var answer = MidjourneyAnswer.Read(Encoding.UTF8.GetBytes(body))!;

        Assert.Equal((code, task, accepted), (answer.Code, answer.TaskId, answer.IsAccepted));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"result":"7"}""")]
    [InlineData("""{"code":1.5}""")]
    [InlineData("""{"code":1""")]
    [InlineData("<html>")]
    public void What_is_no_answer_is_none(string body) => Assert.Null(MidjourneyAnswer.Read(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("""{"id":"1","status":"SUCCESS","progress":"100%"}""", false, true)]
    [InlineData("""{"id":1,"status":"success"}""", false, true)]
    [InlineData("""{"id":"1","status":"IN_PROGRESS","progress":"100%"}""", false, true)]
    [InlineData("""{"id":"1","status":"IN_PROGRESS","progress":"50%"}""", false, false)]
    [InlineData("""{"id":"1","status":"MODAL","failReason":null}""", false, false)]
    [InlineData("""{"id":"1","status":"FAILURE","progress":"100%"}""", true, false)]
    [InlineData("""{"id":"1","status":"IN_PROGRESS","failReason":"banned"}""", true, false)]
    [InlineData("""{"id":"1","status":"CANCEL"}""", true, false)]
    [InlineData("""{"id":"1","status":"SUCCESS","failReason":"a warning"}""", false, true)]
    public void Reports_tell_the_end_of_a_task(string body, bool failed, bool succeeded)
    {
        var report = MidjourneyReports.Read(Encoding.UTF8.GetBytes(body))!;

        Assert.Equal(("1", failed, succeeded), (report.Id, report.IsFailed, report.IsSuccess));
    }

    [Fact]
    public void Refusal_hides_what_a_proxy_says_of_itself()
    {
        var fault = MidjourneyAnswer.Read("""{"code":4,"description":"call to https://proxy.internal/mj failed with sk-abcdefghijklmnopqrstuvwxyz"}"""u8.ToArray())!.ToFault();
        var body = new ArrayBufferWriter<byte>();
        ErrorBody.Write(body, ErrorShape.Midjourney, fault, "request-1");
        var text = Encoding.UTF8.GetString(body.WrittenSpan);

        var report = MidjourneyReports.Read("""{"id":"1","failReason":"https://proxy.internal/mj is down"}"""u8.ToArray())!;
        Assert.DoesNotContain("proxy.internal", report.FailReason + text);
        Assert.DoesNotContain("sk-abc", text);
        Assert.Contains("\"code\":4", text);
        Assert.Equal(ErrorShape.Midjourney, ErrorShapes.For(Dialect.Midjourney));
    }

    private static string Write(string body, MidjourneyEdits edits)
    {
        var output = new ArrayBufferWriter<byte>();
        MidjourneyRequest.Write(output, Encoding.UTF8.GetBytes(body), edits);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
