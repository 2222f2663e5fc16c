using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The image prompts of one generation, encoded once for all passes.</summary>
internal sealed class IpAdapterRun : IFeatureRun
{
    private readonly IReadOnlyList<LoadedIpAdapter> _adapters;
    private readonly IpAdapterTokens[][] _tokens;
    private readonly Device _device;

    /// <summary>Encodes them. The tokens belong to the caller's dispose scope.</summary>
    /// <exception cref="OperationCanceledException">The generation is cancelled.</exception>
    public IpAdapterRun(IReadOnlyList<LoadedIpAdapter> adapters, GenerationContext generation, PipelineComponents components)
    {
        (_adapters, _device) = (adapters, components.Device);
        bool withNegative = generation.Requests.Any(components.EvaluatesNegative);
        using IDisposable noGrad = no_grad();
        _tokens = new IpAdapterTokens[generation.Requests.Count][];
        for (int i = 0; i < _tokens.Length; i++)
        {
            IReadOnlyList<ImagePrompt> prompts = generation.Requests[i].ImagePrompts!;
            // Requests that share their image prompts share the tokens.
            _tokens[i] = i > 0 && ReferenceEquals(prompts, generation.Requests[i - 1].ImagePrompts)
                ? _tokens[i - 1]
                : [.. prompts.Select((prompt, a) => TokensOf(prompt, adapters[a]))];
        }

        IpAdapterTokens TokensOf(ImagePrompt prompt, LoadedIpAdapter adapter)
        {
            generation.ThrowIfStopped();
            bool zeros = !adapter.Network.ReadsHiddenStates;
            ImageEmbeds embeds = prompt.Embeds ?? Encode(adapter.Encoder!, prompt.Images!, !zeros && withNegative);
            float[]? negative = embeds.Negative;
            if (negative is null && withNegative && !zeros) negative = EncodeNegative(adapter.Encoder!, embeds.Count);
            using IDisposable loaded = components.Offloader.Load(generation.Token, adapter);
            return new IpAdapterTokens(
                embeds.Count, adapter.Project(embeds.Values, embeds.Shape, _device),
                withNegative ? adapter.Project(negative, embeds.Shape, _device) : null);

            ImageEmbeds Encode(ImageEncoder encoder, IReadOnlyList<ImageBuffer> images, bool alsoNegative)
            {
                using IDisposable there = components.Offloader.Load(generation.Token, encoder);
                return encoder.Encode(images, adapter.Network.ReadsHiddenStates, alsoNegative, _device, generation.Token);
            }

            float[] EncodeNegative(ImageEncoder encoder, int count)
            {
                using IDisposable there = components.Offloader.Load(generation.Token, encoder);
                return encoder.EncodeNegative(count, _device, generation.Token);
            }
        }
    }

    public IFeaturePass Prepare(GenerationRequest pass, int index) => new IpAdapterPass(
        [.. _tokens[index].Select((tokens, i) => new IpAdapterInput(
            _adapters[i], pass.IpAdapterWeights![i], tokens, MasksOf(pass.ImagePrompts![i], pass)))]);

    /// <summary>The masks at the size of the image, [1, images, height, width]; null for none.</summary>
    private Tensor? MasksOf(ImagePrompt prompt, GenerationRequest pass)
    {
        if (prompt.Masks is not { } masks) return null;
        using DisposeScope scope = NewDisposeScope();
        return cat([.. masks.Select(mask => RepaintMask.ToTensor(mask.Resize(pass.Width!.Value, pass.Height!.Value)))], 1)
            .to(_device).MoveToOuterDisposeScope();
    }
}
