using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A denoiser that asks before each evaluation whether its generation is over: guidance may evaluate several times a step,
/// and a denoiser of the caller's own may not look at all.
/// </summary>
internal class WatchedDenoiser : IDenoiser
{
    private readonly IDenoiser _network;
    private readonly GenerationContext _generation;

    private WatchedDenoiser(IDenoiser network, GenerationContext generation) => (_network, _generation) = (network, generation);

    public int InChannels => _network.InChannels;

    public SizeConditioning SizeConditioning => _network.SizeConditioning;

    /// <summary>Over a denoiser, of which it can be asked what can be asked of the denoiser.</summary>
    public static IDenoiser Over(IDenoiser network, GenerationContext generation) => network switch
    {
        // All of the library's that can be told the scale can be perturbed too.
        IGuidanceScaleDenoiser and IPerturbableDenoiser => new Told(network, generation),
        IPerturbableDenoiser => new Perturbable(network, generation),
        _ => new WatchedDenoiser(network, generation),
    };

    /// <summary>What a message calls a denoiser: by the type that the caller knows.</summary>
    public static string NameOf(IDenoiser denoiser) => (denoiser is WatchedDenoiser watched ? watched._network : denoiser).GetType().Name;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        _generation.ThrowIfStopped();
        return _network.Predict(latents, timestep, conditioning);
    }

    private class Perturbable(IDenoiser network, GenerationContext generation) : WatchedDenoiser(network, generation), IPerturbableDenoiser
    {
        public IDenoiser Perturb(IReadOnlyList<string> layers) => Over(((IPerturbableDenoiser)_network).Perturb(layers), _generation);
    }

    private sealed class Told(IDenoiser network, GenerationContext generation) : Perturbable(network, generation), IGuidanceScaleDenoiser
    {
        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale)
        {
            _generation.ThrowIfStopped();
            return ((IGuidanceScaleDenoiser)_network).Predict(latents, timestep, conditioning, guidanceScale);
        }
    }
}
