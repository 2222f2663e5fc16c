using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The text encoder of Stable Diffusion 3 (Esser et al. 2024): two CLIP text towers with projection, and optionally T5's encoder.
/// </summary>
public sealed class SD3TextEncoder : ITextEncoder, IDisposable
{
    private readonly ClipTower[] _towers;
    private readonly T5TextEncoder? _t5;
    private readonly int _t5Length, _jointWidth, _clipSkip;

    /// <summary>Wraps the networks, which the encoder owns.</summary>
    /// <param name="first">The first CLIP tower with its tokenizer.</param>
    /// <param name="second">The second CLIP tower with its tokenizer.</param>
    /// <param name="third">T5 with its tokenizer; null for zeros in the place of its hidden states.</param>
    /// <param name="maxLength">Number of T5's ids of every prompt, at least 2. Default 256.</param>
    /// <param name="jointWidth">
    /// Width that the denoiser reads, published as <c>joint_attention_dim</c>; that of T5 where there is one. Default 4096.
    /// </param>
    /// <param name="clipSkip">
    /// Which layer of the CLIP towers is read: 1, the default, for the layer before the last, 2 for the one before that, and so on.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A tower has no projection, the tokenizers differ in length, or the towers are wider than the denoiser reads.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public SD3TextEncoder(
        (ClipTextModel Network, ClipTokenizer Tokenizer) first, (ClipTextModel Network, ClipTokenizer Tokenizer) second,
        (T5EncoderModel Network, TextTokenizer Tokenizer)? third = null, int maxLength = 256, int jointWidth = 4096, int clipSkip = 1)
    {
        _towers = [Tower(first, nameof(first)), Tower(second, nameof(second))];
        if (first.Tokenizer.MaxLength != second.Tokenizer.MaxLength)
        {
            throw new ArgumentException(
                $"The tokenizers of the CLIP towers give {first.Tokenizer.MaxLength} and {second.Tokenizer.MaxLength} tokens; "
                + "side by side they must give as many.", nameof(second));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(clipSkip, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(clipSkip, _towers.Min(tower => tower.Network.Config.NumHiddenLayers) - 1);
        if (third is { } t5) _t5 = new T5TextEncoder(t5.Network, t5.Tokenizer, maxLength);
        (_t5Length, _clipSkip, _jointWidth) = (maxLength, clipSkip, _t5?.Network.Config.DModel ?? jointWidth);
        int width = _towers.Sum(tower => tower.Network.Config.HiddenSize);
        if (width > _jointWidth)
            throw new ArgumentException($"The CLIP towers have {width} channels side by side; the denoiser reads {_jointWidth}.");
    }

    /// <inheritdoc />
    /// <remarks>The window of T5, or that of CLIP without T5.</remarks>
    public int MaxLength => _t5?.MaxLength ?? ClipLength;

    /// <inheritdoc />
    public string ContentKey =>
        $"{_clipSkip} {_t5Length} {_jointWidth} {string.Join(' ', _towers.Select(tower => tower.ContentKey))} {_t5?.ContentKey}";

    private int ClipLength => _towers[0].Tokenizer.MaxLength;

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        TokenBatch.Check(prompts);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (Tensor Hidden, Tensor Projected)[] clip = [.. _towers.Select(tower => Run(tower, prompts, cancellationToken))];
        using Conditioning? t5 = _t5?.Encode(prompts, cancellationToken);
        Tensor third = t5?.HiddenStates ?? SD3Text.WithoutT5(
            prompts.Count, _t5Length, _jointWidth, clip[0].Hidden.dtype, clip[0].Hidden.device);
        Tensor hidden = SD3Text.Join(clip[0].Hidden, clip[1].Hidden, third);
        Tensor pooled = SD3Text.Pool(clip[0].Projected, clip[1].Projected);
        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public TextShape? Measure(string prompt) =>
        new TextShape(ClipLength + _t5Length, _jointWidth, _towers.Sum(tower => tower.Network.Config.ProjectionDim));

    /// <inheritdoc />
    public int? CountTruncatedTokens(string prompt) => _t5 is not null
        ? _t5.CountTruncatedTokens(prompt)
        : _towers.Max(tower => tower.Tokenizer.CountTruncatedTokens(prompt));

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        foreach (ClipTower tower in _towers) ModuleDevice.Move(tower.Network, device);
        _t5?.TryMoveTo(device);
        return true;
    }

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        foreach (ClipTower tower in _towers) tower.Network.Dispose();
        _t5?.Dispose();
    }

    private (Tensor Hidden, Tensor Projected) Run(ClipTower tower, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Tensor ids = ClipIds.Encode(prompts, tower.Tokenizer, tower.Device);
        ClipTextOutput output = tower.Network.call(ids);
        Tensor hidden = _clipSkip == 1
            ? output.PenultimateHiddenState
            : tower.Network.RawHiddenState(ids, tower.Network.Config.NumHiddenLayers - _clipSkip);
        return (hidden, output.Projected!);
    }

    private static ClipTower Tower((ClipTextModel Network, ClipTokenizer Tokenizer) tower, string name)
    {
        ArgumentNullException.ThrowIfNull(tower.Network, name);
        ArgumentNullException.ThrowIfNull(tower.Tokenizer, name);
        return tower.Network.HasProjection
            ? new ClipTower(tower.Network, tower.Tokenizer)
            : throw new ArgumentException("The CLIP text tower has no projection, which gives the pooled text.", name);
    }
}
