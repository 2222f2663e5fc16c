using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A generation over a U-Net of which some evaluations compute the upper resolutions alone.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="options">How much is kept.</param>
/// <param name="stop">Checked before each evaluation.</param>
internal sealed class StepCachingRun(UNetDenoiser denoiser, StepCachingOptions options, CancellationToken stop = default) : IDenoiserRun, IPerturbableDenoiser, IGuidanceScaleDenoiser
{
    // As many as there are texts kept: prompt, negative prompt, both in one batch, each at more than one batch size.
    private const int Capacity = 8;

    private readonly TextCache _texts = new();
    private readonly List<CachedPass> _passes = [];

    public int InChannels => denoiser.InChannels;

    public SizeConditioning SizeConditioning => denoiser.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Predict(latents, timestep, conditioning, guidanceScale: 1);

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(conditioning);
        CachedPass pass = PassOf(latents, conditioning);
        pass.Begin(timestep);
        return denoiser.Predict(latents, timestep, conditioning, new AttentionState(_texts, Stop: stop), guidanceScale, deep: pass.Features);
    }

    // What is perturbed in the lower resolutions must be computed for it to be seen.
    public IDenoiser Perturb(IReadOnlyList<string> layers) => new PerturbedUNet(denoiser, new AttentionState(_texts, denoiser.SelfAttention(layers), Stop: stop));

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
        TextKeysAndValues text = _texts.Of(conditioning.HiddenStates.to(denoiser.Type));
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

        // Last is what was used last, so that what a picture uses at each of its steps is not forgotten in between.
        known ??= new CachedPass(text, latents, options);
        _passes.Add(known);
        return known;
    }
}
