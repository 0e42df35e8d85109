using System.Buffers;
using System.Text;
using NewApi.Domain;

namespace NewApi.Protocols.Tests;

/// <summary>Forms: what is read of them, what is refused because two readers could disagree, and how the model gets another name.</summary>
public sealed class FormScannerTests
{
    private const string Type = "multipart/form-data; boundary=b";

    [Fact]
    public void Multipart_form_is_read_wherever_its_fields_stand()
    {
        var body = Multipart(("prompt", "make it blue"), ("file:image", "\r\n--not the marker\r\n"), ("n", "3"), ("size", "1024x1024"), ("quality", "high"), ("model", "m"));

        var scan = FormScanner.Scan(Dialect.OpenAIImageEdits, body, Type);

        Assert.Null(scan.Fault);
        Assert.Equal(("m", 3, "1024x1024", "high", 12, 1), (scan.Model, scan.Choices, scan.Size, scan.Quality, scan.PromptBytes, scan.Images));
    }

    [Fact]
    public void File_is_found_where_it_lies()
    {
        var body = Multipart(("file:file", "sound\r\n\r\nmore"), ("model", "whisper-1"), ("response_format", "srt"), ("stream", "true"));

        var scan = FormScanner.Scan(Dialect.OpenAITranscriptions, body, Type);

        Assert.Equal("sound\r\n\r\nmore", Encoding.UTF8.GetString(body[scan.File]));
        Assert.Equal(("srt", true), (scan.ResponseFormat, scan.Stream));
    }

    [Theory]
    [InlineData("a=1&model=m%2Fx&prompt=one+two%21&n=2", "m/x", 8, 2)]
    [InlineData("prompt=p&model=m&stream=false&n=", "m", 1, null)]
    public void Urlencoded_form_is_read(string body, string model, int promptBytes, int? count)
    {
        var scan = FormScanner.Scan(Dialect.OpenAIImageEdits, Encoding.UTF8.GetBytes(body), "application/x-www-form-urlencoded");

        Assert.Null(scan.Fault);
        Assert.Equal((model, promptBytes, count), (scan.Model, scan.PromptBytes, scan.Choices));
    }

    [Theory]
    [InlineData("Content-Disposition: form-data; name=\"mo\\del\"")]
    [InlineData("Content-Disposition: form-data; name*=utf-8''model")]
    [InlineData("Content-Disposition: form-data; name=\"model\"; name=\"other\"")]
    [InlineData("Content-Disposition: form-data; name=\"other\"\r\nContent-Disposition: form-data; name=\"model\"")]
    [InlineData("Content-Disposition: form-data; name=\"mo%64el\"")]
    [InlineData("Content-Disposition: form-data; name=\"model\" x")]
    [InlineData("Content-Type: text/plain")]
    public void Part_whose_name_two_readers_could_read_differently_is_refused(string headers)
    {
        var body = Encoding.ASCII.GetBytes($"--b\r\n{headers}\r\n\r\ncheap\r\n--b--\r\n");

        Assert.Equal(400, FormScanner.Scan(Dialect.OpenAITranscriptions, body, Type).Fault?.Status);
    }

    [Theory]
    [InlineData("model")]
    [InlineData("n")]
    [InlineData("size")]
    [InlineData("quality")]
    [InlineData("response_format")]
    [InlineData("stream")]
    public void Field_with_a_price_may_not_be_given_twice(string name)
    {
        var scan = FormScanner.Scan(Dialect.OpenAIImageEdits, Multipart((name, "1"), ("prompt", "x"), (name, "1")), Type);

        Assert.Equal(name, scan.Fault?.Param);
    }

    [Fact]
    public void Second_file_is_refused_since_only_one_is_measured()
    {
        var scan = FormScanner.Scan(Dialect.OpenAITranscriptions, Multipart(("file:file", "long"), ("model", "m"), ("file:file", "short")), Type);

        Assert.Equal("file", scan.Fault?.Param);
    }

    [Fact]
    public void Form_that_is_cut_anywhere_is_refused_and_never_throws()
    {
        var body = Multipart(("prompt", "make it blue"), ("file:image", "picture"), ("model", "m"));

        for (var length = 0; length < body.Length - 4; length++)
        {
            Assert.NotNull(FormScanner.Scan(Dialect.OpenAIImageEdits, body.AsSpan(0, length), Type).Fault);
        }
    }

    [Fact]
    public void Model_is_renamed_and_every_other_byte_stays()
    {
        var body = Multipart(("prompt", "gpt"), ("model", "gpt"), ("file:image", "gpt"));

        Assert.Equal(Multipart(("prompt", "gpt"), ("model", "house model"), ("file:image", "gpt")), Rename(body, Type, "house model"));
    }

    [Fact]
    public void Model_that_is_missing_is_put_in_front()
    {
        var body = Multipart(("file:file", "sound"));

        Assert.Equal(Multipart(("model", "whisper-1"), ("file:file", "sound")), Rename(body, Type, "whisper-1", Dialect.OpenAITranscriptions));
    }

    [Fact]
    public void Model_of_an_urlencoded_form_is_written_as_such()
    {
        var renamed = Rename(Encoding.UTF8.GetBytes("prompt=x&model=m&n=1"), "application/x-www-form-urlencoded", "a b/ü");

        Assert.Equal("prompt=x&model=a%20b%2F%C3%BC&n=1", Encoding.UTF8.GetString(renamed));
    }

    private static byte[] Rename(byte[] body, string type, string model, Dialect dialect = Dialect.OpenAIImageEdits)
    {
        var scan = FormScanner.Scan(dialect, body, type, modelKnown: true);
        Assert.Null(scan.Fault);
        var output = new ArrayBufferWriter<byte>();
        Assert.True(RequestRewriter.TryWrite(body, scan, new RequestEdits { Model = model }, output));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Multipart(params (string Name, string Value)[] parts)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in parts)
        {
            var file = name.StartsWith("file:", StringComparison.Ordinal);
            text.Append("--b\r\nContent-Disposition: form-data; name=\"").Append(file ? name[5..] : name)
                .Append(file ? "\"; filename=\"x.bin\"\r\nContent-Type: application/octet-stream" : "\"").Append("\r\n\r\n").Append(value).Append("\r\n");
        }
        return Encoding.UTF8.GetBytes(text.Append("--b--\r\n").ToString());
    }
}
