using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>A generation over a U-Net of which some evaluations compute only the upper resolutions.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="options">How much is kept.</param>
internal sealed class StepCachingRun(UNetDenoiser denoiser, StepCachingOptions options) : IDenoiserRun
{
    // As many as there are texts kept: prompt, negative prompt, both in one batch, each at more than one batch size.
    private const int Capacity = 8;

    private readonly TextCache _texts = new();
    private readonly List<CachedPass> _passes = [];

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // Changes in the lower resolutions are only seen where those are computed.
        if (input.AttentionEdits is not null || input.ControlResiduals is not null) return denoiser.Predict(input, _texts);
        CachedPass pass = PassOf(input.Latents, input.Conditioning);
        pass.Begin(input.Timestep);
        return denoiser.Predict(input, _texts, pass.Features);
    }

    public void Dispose()
    {
        _texts.Dispose();
        foreach (CachedPass pass in _passes) pass.Dispose();
        _passes.Clear();
    }

    private CachedPass PassOf(Tensor latents, Conditioning conditioning)
    {
        using DisposeScope scope = NewDisposeScope();
        // In the type that the network sees it in, under which the cache knows it.
        TextKeysAndValues text = _texts.Of(conditioning.HiddenStates.to(denoiser.Description.Type!.Value));
        CachedPass? known = _passes.Find(p => p.IsOf(text, latents));
        if (known is not null)
        {
            _passes.Remove(known);
        }
        else if (_passes.Count == Capacity)
        {
            _passes[0].Dispose();
            _passes.RemoveAt(0);
        }

        // Last is what was used last, so that what an image uses at each of its steps is not forgotten in between.
        known ??= new CachedPass(text, latents, options);
        _passes.Add(known);
        return known;
    }
}
