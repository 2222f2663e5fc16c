using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>
/// Prompts cut into windows and ready for a text tower. All have as many windows as the longest, filled with those of the
/// empty prompt, so that prompt and negative prompt can share a batch. An encoder of several towers makes one for each.
/// </summary>
internal sealed class PromptBatch
{
    private readonly List<PromptChunk>[] _prompts;
    private readonly ClipTokenizer _tokenizer;

    /// <summary>Reads and cuts prompts.</summary>
    /// <param name="prompts">At least one.</param>
    /// <param name="tokenizer">The tower's tokenizer.</param>
    /// <param name="options">How to read.</param>
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    public PromptBatch(IReadOnlyList<string> prompts, ClipTokenizer tokenizer, PromptingOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) throw new ArgumentException("At least one prompt is needed.", nameof(prompts));
        if (prompts.Contains(null!)) throw new ArgumentException("A prompt is null.", nameof(prompts));
        _prompts = [.. prompts.Select(p => PromptChunks.Create(Read(p, options), tokenizer, options.MaxChunks))];
        _tokenizer = tokenizer;
        PadTo(_prompts.Max(p => p.Count));
    }

    /// <summary>Number of windows of each prompt.</summary>
    public int Windows { get; private set; }

    /// <summary>A prompt with its weights, or as plain text.</summary>
    public static WeightedPrompt Read(string prompt, PromptingOptions options) =>
        options.Weights ? WeightedPrompt.Parse(prompt) : new WeightedPrompt([new PromptFragment(prompt)]);

    /// <summary>Fills up to a number of windows, that of another tower.</summary>
    public void PadTo(int windows)
    {
        Windows = Math.Max(Windows, windows);
        foreach (List<PromptChunk> prompt in _prompts)
            while (prompt.Count < Windows) prompt.Add(PromptChunks.Empty(_tokenizer));
    }

    /// <summary>Hidden states of all windows, one after the other, weighted: [batch, windows · length, width].</summary>
    /// <param name="device">Where the tower is.</param>
    /// <param name="cancellationToken">Checked before each window.</param>
    /// <param name="tower">The tower: ids of one window of each prompt, [batch, length], to hidden states, [batch, length, width]; called
    /// once for each window, in order.</param>
    public Tensor Encode(Device device, CancellationToken cancellationToken, Func<Tensor, Tensor> tower)
    {
        Tensor[] windows = [.. Enumerable.Range(0, Windows).Select(i => Window(i, device, cancellationToken, tower))];
        return windows.Length == 1 ? windows[0] : cat(windows, 1);
    }

    private Tensor Window(int index, Device device, CancellationToken cancellationToken, Func<Tensor, Tensor> tower)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PromptChunk[] windows = [.. _prompts.Select(p => p[index])];
        Tensor ids = tensor(windows.SelectMany(w => w.Ids).ToArray(), [windows.Length, windows[0].Ids.Length]);
        return PromptWeighting.Apply(tower(ids.to(device)), windows);
    }
}
