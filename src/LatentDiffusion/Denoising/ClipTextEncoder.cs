using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A CLIP text tower with its tokenizer: the text encoder of Stable Diffusion 1.x and 2.x, and of models trained here.</summary>
/// <param name="network">The text tower.</param>
/// <param name="tokenizer">Its tokenizer.</param>
public sealed class ClipTextEncoder(ClipTextModel network, ClipTokenizer tokenizer) : IPromptableTextEncoder, IMeasuredTextEncoder, ITruncatingTextEncoder, IOffloadable, IContentKeyed, IDisposable
{
    /// <inheritdoc />
    public int MaxLength => tokenizer.MaxLength;

    string IContentKeyed.ContentKey => $"{ContentKey.Of(network, network.Config)} {tokenizer.ContentKey}";

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) throw new ArgumentException("At least one prompt is needed.", nameof(prompts));
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = tensor(prompts.SelectMany(p => tokenizer.Encode(p).Ids).ToArray(), [prompts.Count, MaxLength]);
        ClipTextOutput output = network.call(ids.to(NetworkUse.DeviceOf(network)));
        return new Conditioning(output.LastHiddenState.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public ITextEncoder WithPrompting(PromptingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new WeightedClipTextEncoder(network, tokenizer, options);
    }

    /// <inheritdoc />
    public void MoveTo(Device device) => ModuleDevice.Move(network, device);

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();

    int ITruncatingTextEncoder.CountTruncatedTokens(string prompt) => tokenizer.CountTruncatedTokens(prompt);

    TextShape IMeasuredTextEncoder.Measure(string prompt) => new(MaxLength, network.Config.HiddenSize, Pooled: null);
}
