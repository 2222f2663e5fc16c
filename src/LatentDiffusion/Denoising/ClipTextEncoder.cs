using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// The text encoder of Stable Diffusion: one CLIP text tower (1.x, 2.x), or two (SDXL; its refiner has the second only). Reads
/// prompts as plain text, or with weights, long prompts and layers of choice: see <see cref="PromptingOptions"/>. Prompts of
/// one call all get as many windows as the longest needs; the pooled text is that of the first window.
/// </summary>
public sealed class ClipTextEncoder : ITextEncoder, IDisposable
{
    private readonly ClipTowers _towers;
    private readonly PromptingOptions _options;
    private readonly bool _zeros, _owns;

    /// <summary>An encoder of one tower: its last hidden states, normalised. Owns the network.</summary>
    /// <param name="network">The text tower.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">How to read prompts; null for <see cref="PromptingOptions.Plain"/>.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public ClipTextEncoder(ClipTextModel network, ClipTokenizer tokenizer, PromptingOptions? options = null)
        : this(new ClipTowers(network, tokenizer), zeros: false, options, owns: true)
    {
    }

    /// <summary>
    /// The encoder of SDXL (Podell et al. 2023, section 2.1): the hidden states of both towers' layers before the last side by
    /// side, and the second tower's projection as the pooled text. Owns the networks.
    /// </summary>
    /// <param name="first">The first tower with its tokenizer; null for the refiner.</param>
    /// <param name="second">The second tower, which has a projection, with its tokenizer.</param>
    /// <param name="zerosForUnconditional">
    /// Whether the unconditional embeddings are zeros, published as <c>force_zeros_for_empty_prompt</c>, rather than the encoded
    /// empty prompt. Default true.
    /// </param>
    /// <param name="options">How to read prompts; null for <see cref="PromptingOptions.Plain"/>.</param>
    /// <exception cref="ArgumentException">The second tower has no projection, or the tokenizers differ in length.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public ClipTextEncoder(
        (ClipTextModel Network, ClipTokenizer Tokenizer)? first, (ClipTextModel Network, ClipTokenizer Tokenizer) second,
        bool zerosForUnconditional = true, PromptingOptions? options = null)
        : this(new ClipTowers(first, second), zerosForUnconditional, options, owns: true)
    {
    }

    private ClipTextEncoder(ClipTowers towers, bool zeros, PromptingOptions? options, bool owns)
    {
        options ??= PromptingOptions.Plain;
        ValidOptions.Check(options);
        if (options.ClipSkip > towers.Layers)
        {
            throw new ValidationException(towers.IsPooled
                ? $"ClipSkip is {options.ClipSkip}; the text towers have {towers.Layers} layers before the last."
                : $"ClipSkip is {options.ClipSkip}; the text tower has {towers.Layers} layers.");
        }

        (_towers, _zeros, _options, _owns) = (towers, zeros, options, owns);
    }

    /// <inheritdoc />
    public int MaxLength => _towers.MaxLength * _options.MaxChunks;

    /// <inheritdoc />
    public PromptingOptions Prompting => _options;

    /// <inheritdoc />
    public string ContentKey
    {
        get
        {
            string towers = string.Join(' ', _towers.All.Select(t => t.ContentKey)), pooled = _towers.IsPooled ? $"{_zeros} " : "";
            return _options == PromptingOptions.Plain ? $"{pooled}{towers}" : $"{_options} {pooled}{towers}";
        }
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        PromptBatch[] batches = Read(prompts);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor? pooled = null;
        Tensor[] towers = [.. batches.Select((batch, i) => batch.Encode(_towers.All[i].Device, cancellationToken, ids => Run(i, ids)))];
        Tensor hidden = towers.Length == 1 ? towers[0] : cat(towers, -1);
        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled?.MoveToOuterDisposeScope());

        Tensor Run(int tower, Tensor ids)
        {
            (Tensor states, Tensor? projected) = _towers.Run(tower, ids, _options.ClipSkip, pool: pooled is null);
            pooled ??= projected;
            return states;
        }
    }

    /// <inheritdoc />
    public Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken = default)
    {
        // With clip skip, the empty prompt is of the same layer as other prompts.
        Conditioning empty = Encode([.. Enumerable.Repeat("", count)], cancellationToken);
        if (!_zeros) return empty;
        using (empty) return empty.Map(t => zeros_like(t));
    }

    /// <inheritdoc />
    public TextShape? Measure(string prompt) =>
        new TextShape(Read([prompt])[0].Windows * _towers.MaxLength, _towers.Width, _towers.PooledWidth);

    /// <inheritdoc />
    public int? CountTruncatedTokens(string prompt) => _towers.All.Max(t => _options == PromptingOptions.Plain
        ? t.Tokenizer.CountTruncatedTokens(prompt)
        : PromptChunks.CountTruncated(PromptBatch.Read(prompt, _options), t.Tokenizer, _options.MaxChunks));

    /// <inheritdoc />
    public ITextEncoder WithPrompting(PromptingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ClipTextEncoder(_towers, _zeros, options, owns: false);
    }

    /// <inheritdoc />
    public ITextEncoder WithTextualInversion(params IReadOnlyList<TextualInversion> embeddings)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        return new ClipTextEncoder(_towers.With(embeddings), _zeros, _options, owns: false);
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        foreach (ClipTower tower in _towers.All) ModuleDevice.Move(tower.Network, device);
        return true;
    }

    /// <summary>Disposes the networks, unless another encoder owns them.</summary>
    public void Dispose()
    {
        if (!_owns) return;
        foreach (ClipTower tower in _towers.All) tower.Network.Dispose();
    }

    /// <summary>A batch for each tower, all with as many windows as the longest.</summary>
    private PromptBatch[] Read(IReadOnlyList<string> prompts)
    {
        PromptBatch[] batches = [.. _towers.All.Select(t => new PromptBatch(prompts, t.Tokenizer, _options))];
        foreach (PromptBatch batch in batches) batch.PadTo(batches.Max(b => b.Windows));
        return batches;
    }
}
