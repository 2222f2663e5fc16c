using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Perturbed-attention guidance (Ahn et al. 2024, "Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance",
/// equation 15): away from the prediction of the same network whose self-attention maps are the identity in some blocks,
/// + s·(ε_c − ε_p). Works without other guidance, even with the empty prompt, or is added to other guidance; the perturbed pass is one
/// evaluation more, after the others.
/// </summary>
/// <param name="inner">The guidance that it is added to; null for none.</param>
/// <param name="options">Scale and layers; null for the defaults.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
public sealed class PerturbedAttentionGuidance(IGuidance? inner = null, PerturbedAttentionOptions? options = null) : IGuidance
{
    // The number of training timesteps in the published formula of the adaptive scale.
    private const double Timesteps = 1000;

    // The short names of layers that perturbed-attention guidance was published with.
    private static readonly (string Short, string Path)[] s_short = [("mid", "mid_block"), ("down", "down_blocks"), ("up", "up_blocks")];

    private readonly PerturbedAttentionOptions _options = ValidOptions.Check(options ?? new());

    IGuidance? IGuidance.Inner => inner;

    object? IGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => inner?.NeedsUnconditional ?? false;

    /// <inheritdoc />
    public bool ActsAtScaleOne => true;

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">The denoiser has no attention that can be changed.</exception>
    /// <exception cref="ArgumentException">The denoiser has no self-attention in one of the layers; the message names it.</exception>
    public void Validate(DenoiserDescription denoiser)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        inner?.Validate(denoiser);
        LayersOf(denoiser);
    }

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">The denoiser has no attention that can be changed.</exception>
    /// <exception cref="ArgumentException">The denoiser has no self-attention in one of the layers; the message names it.</exception>
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        GuidedDenoiser plain = inner is null ? GuidancePasses.Unguided(denoiser) : inner.Guide(denoiser, unconditional, scale);
        var edits = new AttentionEdits { IdentityLayers = LayersOf(denoiser.Description) };
        return GuidancePasses.Scoped(input =>
        {
            GuidedPrediction prediction = GuidancePasses.Evaluate(plain, input);
            double strength = Math.Max(0, _options.Scale - _options.AdaptiveScale * (Timesteps - input.Timestep));
            if (strength == 0) return prediction;
            Tensor conditional = GuidancePasses.ConditionalOf(prediction, denoiser, input);
            Tensor perturbed = GuidancePasses.Split(denoiser.Predict(input with { AttentionEdits = edits }), input).Prediction;
            Tensor guided = prediction.Guided.Add((conditional - perturbed).Multiply(strength));
            return prediction with { Guided = guided, Conditional = conditional };
        });
    }

    private IReadOnlyList<string> LayersOf(DenoiserDescription denoiser)
    {
        if (denoiser.AttentionLayers.Count == 0)
        {
            throw new NotSupportedException(
                $"Perturbed-attention guidance needs {nameof(denoiser.AttentionLayers)}, and "
                + $"{denoiser.ModelName ?? "the denoiser"} has none.");
        }

        return [.. _options.Layers.Select(layer => LayerOf(denoiser, layer))];
    }

    private static string LayerOf(DenoiserDescription denoiser, string layer)
    {
        string path = s_short.FirstOrDefault(s => s.Short == layer).Path ?? layer;
        if (denoiser.HasAttentionAt(layer)) return layer;
        if (denoiser.HasAttentionAt(path)) return path;
        string known = MessageText.List(denoiser.AttentionLayers);
        throw new ArgumentException(
            $"The network has no self-attention below '{MessageText.Truncate(layer, 100)}'; it has {known}.",
            nameof(PerturbedAttentionOptions.Layers));
    }
}
