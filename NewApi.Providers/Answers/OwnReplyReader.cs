using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Providers.Answers;

/// <summary>Reads one answer in a provider's own chat format: a whole one as a single piece, a stream piece by piece.</summary>
internal abstract class OwnReplyReader
{
    private bool _started;

    /// <summary>As far as reported.</summary>
    public Usage Usage { get; protected set; }

    /// <summary>The answer's last piece has been read; a stream that ends before is broken.</summary>
    public bool Finished { get; private set; }

    /// <summary>Nothing of worth follows the last piece, so that a connection which stays open is not waited for.</summary>
    public virtual bool EndsAtFinish => false;

    /// <param name="name">Name of the event; <c>message</c> where there is none.</param>
    /// <param name="json">One piece.</param>
    /// <param name="sink">Is told what it says.</param>
    /// <exception cref="UpstreamRefusal">The piece is an error.</exception>
    public abstract void Read(string name, JsonElement json, ReplySink sink);

    protected void Start(ReplySink sink, string? id = null, string? model = null, long created = 0)
    {
        if (!_started)
        {
            _started = true;
            sink.Start(new ReplyHead(id ?? "", model ?? "", created));
        }
    }

    protected void Finish(ReplySink sink, FinishReason reason)
    {
        if (!Finished)
        {
            Finished = true;
            sink.Finish(0, reason);
            sink.Usage(Usage);
        }
    }

    protected static void Say(ReplySink sink, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            sink.Text(0, Encoding.UTF8.GetBytes(text));
        }
    }

    protected static void Think(ReplySink sink, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            sink.Reasoning(0, Encoding.UTF8.GetBytes(text));
        }
    }

    protected static void Call(ReplySink sink, int index, string id, string name, string arguments)
    {
        sink.ToolCall(0, index, Encoding.UTF8.GetBytes(id), Encoding.UTF8.GetBytes(name));
        sink.ToolArguments(0, index, Encoding.UTF8.GetBytes(arguments));
    }
}
