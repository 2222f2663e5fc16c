using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A generation over a U-Net of which some evaluations compute only the upper resolutions.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="options">How much is kept.</param>
internal sealed class StepCachingRun(UNetDenoiser denoiser, StepCachingOptions options) : IDenoiserRun
{
    // As many as there are texts kept: prompt, negative prompt, both in one batch, each at more than one batch size.
    private const int Capacity = 8;

    private readonly RunCache _cache = new();
    private readonly List<CachedPass> _passes = [];

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // Changes in the lower resolutions are only seen where those are computed.
        bool isChanged = input.AttentionEdits is { IdentityLayers.Count: > 0 } || input.ControlResiduals is not null
            || input.AdapterResiduals is not null;
        if (isChanged) return denoiser.Predict(input, _cache);
        CachedPass pass = PassOf(input.Latents, input.Conditioning);
        pass.Begin(input.Timestep, input.AttentionEdits?.AddedContext);
        return denoiser.Predict(input, _cache, pass.Features);
    }

    public void Dispose()
    {
        _cache.Dispose();
        foreach (CachedPass pass in _passes) pass.Dispose();
        _passes.Clear();
    }

    private CachedPass PassOf(Tensor latents, Conditioning conditioning)
    {
        using DisposeScope scope = NewDisposeScope();
        // In the type that the network sees it in, under which the cache knows it.
        TextKeysAndValues text = _cache.Texts.KeysAndValuesFor(conditioning.HiddenStates.to(denoiser.Description.Type!.Value));
        CachedPass? known = _passes.Find(p => p.Matches(text, latents));
        if (known is not null)
        {
            _passes.Remove(known);
        }
        else if (_passes.Count == Capacity)
        {
            _passes[0].Dispose();
            _passes.RemoveAt(0);
        }

        // Ordered by last use, so that entries that an image uses at every step are kept.
        known ??= new CachedPass(text, latents, options);
        _passes.Add(known);
        return known;
    }
}
