using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>Prompts as ids of one length, with padding where a prompt is shorter.</summary>
internal sealed class TokenBatch
{
    private readonly TokenizedPrompt[] _prompts;
    private readonly int _length;
    private readonly bool _padsLeft;

    /// <param name="prompts">At least one.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="length">Number of ids of each prompt.</param>
    /// <param name="vocabulary">Number of tokens that the network has an embedding of.</param>
    /// <param name="render">Writes a prompt as a message with all special tokens; null for the prompt itself.</param>
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    /// <exception cref="InvalidDataException">The tokenizer gives an id that the network does not have.</exception>
    public TokenBatch(
        IReadOnlyList<string> prompts, TextTokenizer tokenizer, int length, int vocabulary, Func<string, string>? render = null)
    {
        Check(prompts);
        (_length, _padsLeft) = (length, tokenizer.PadsLeft);
        _prompts = [.. prompts.Select(
            prompt => render is null ? tokenizer.Encode(prompt, length) : tokenizer.EncodeMessage(render(prompt), length))];
        if (_prompts.Max(prompt => prompt.Ids.Max()) is var largest && largest >= vocabulary)
            throw new InvalidDataException($"The tokenizer gives the id {largest}, and the text encoder has {vocabulary} tokens.");
    }

    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    public static void Check(IReadOnlyList<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) throw new ArgumentException("At least one prompt is needed.", nameof(prompts));
        if (prompts.Contains(null!)) throw new ArgumentException("A prompt is null.", nameof(prompts));
    }

    /// <summary>The ids, [batch, length], int64.</summary>
    public Tensor Ids(Device device) =>
        tensor(_prompts.SelectMany(prompt => prompt.Ids).ToArray(), [_prompts.Length, _length], device: device);

    /// <summary>1 for tokens and 0 for padding, [batch, length], int64.</summary>
    /// <param name="device">Its device.</param>
    /// <param name="padding">How many places of padding count as tokens.</param>
    public Tensor Mask(Device device, int padding = 0)
    {
        long[] mask = [.. _prompts.SelectMany(prompt => Enumerable.Range(0, _length).Select(
            i => (_padsLeft ? _length - 1 - i : i) < prompt.Count + padding ? 1L : 0L))];
        return tensor(mask, [_prompts.Length, _length], device: device);
    }
}
