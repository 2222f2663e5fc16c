using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Keys and values of the texts of one generation. A text is known by its values, so that guidance may join prompt and
/// negative prompt again at each step; on GPUs the comparison waits once for the device. Not safe for concurrent use.
/// </summary>
internal sealed class TextCache : IDisposable
{
    // Prompt, negative prompt and both in one batch are three; more are kept for guidance that mixes prompts.
    private const int Capacity = 8;

    private readonly List<TextKeysAndValues> _texts = [];
    private bool _disposed;

    /// <summary>How many texts are kept.</summary>
    public int Count => _texts.Count;

    /// <summary>Keys and values of a text.</summary>
    /// <param name="text">[batch, tokens, width].</param>
    public TextKeysAndValues KeysAndValuesFor(Tensor text)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int index = _texts.FindIndex(t => t.Matches(text));
        TextKeysAndValues found = index >= 0 ? _texts[index] : new TextKeysAndValues(text);
        if (index >= 0)
        {
            _texts.RemoveAt(index);
        }
        else if (_texts.Count == Capacity)
        {
            _texts[0].Dispose();
            _texts.RemoveAt(0);
        }

        // Ordered by last use: texts that all images share stay while their prompts change.
        _texts.Add(found);
        return found;
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (TextKeysAndValues text in _texts) text.Dispose();
        _texts.Clear();
    }
}
