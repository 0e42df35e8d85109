using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols.OpenAI;

namespace NewApi.RelayService.Realtime;

/// <summary>
/// What a session has used: the sum of what its responses reported, and what the gateway counted for those that did not. Both directions
/// write to it at once.
/// </summary>
internal sealed class RealtimeTally
{
    private readonly Lock _gate = new();
    private Usage _settled;
    private long _textIn;
    private long _soundIn;
    private long _textOut;
    private long _soundOut;
    private bool _telephone;

    public void Said(in RealtimeEvent said)
    {
        lock (_gate)
        {
            _telephone = said.Telephone ?? _telephone;
            _textIn += said.TextTokens;
            _soundIn += said.SoundBytes;
        }
    }

    public void Answered(in RealtimeEvent answered)
    {
        lock (_gate)
        {
            _telephone = answered.Telephone ?? _telephone;
            _textOut += answered.TextTokens;
            _soundOut += answered.SoundBytes;
            if (answered.EndsResponse)
            {
                _settled = Add(_settled, answered.Usage ?? Counted());
                Forget();
            }
        }
    }

    /// <summary>Everything so far; a response that has begun counts with what came of it.</summary>
    public Usage SoFar
    {
        get
        {
            lock (_gate)
            {
                return _textOut + _soundOut == 0 ? _settled : Add(_settled, Counted());
            }
        }
    }

    private Usage Counted()
    {
        var heard = AudioTokens.RealtimeInput(SecondsOf(_soundIn));
        var spoken = AudioTokens.RealtimeOutput(SecondsOf(_soundOut));
        return new Usage { Input = _textIn + heard, AudioInput = heard, Output = _textOut + spoken, AudioOutput = spoken, Estimated = true };
    }

    private decimal SecondsOf(long bytes) => _telephone ? AudioTokens.G711Seconds(bytes) : AudioTokens.PcmSeconds(bytes);

    private void Forget() => _textIn = _soundIn = _textOut = _soundOut = 0;

    private static Usage Add(in Usage left, in Usage right) => new()
    {
        Input = (left.Input ?? 0) + (right.Input ?? 0),
        Output = (left.Output ?? 0) + (right.Output ?? 0),
        AudioInput = (left.AudioInput ?? 0) + (right.AudioInput ?? 0),
        AudioOutput = (left.AudioOutput ?? 0) + (right.AudioOutput ?? 0),
        Estimated = left.Estimated || right.Estimated,
    };
}
