using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Writes a Stable Diffusion model as one file with the names of the original code.</summary>
internal static class LdmFile
{
    // By which the standard of metadata knows these names.
    private const string Implementation = "https://github.com/Stability-AI/generative-models";

    /// <exception cref="NotSupportedException">The file has no form for a component or the schedule; the message names it.</exception>
    public static void Write(ModelComponents model, string path, ScalarType? type)
    {
        ComponentValidator.Check(model);
        PredictionType prediction = DiffusionProcess.FromConfig(model.Scheduler).PredictionType;
        if (prediction is not (PredictionType.Epsilon or PredictionType.Velocity))
        {
            throw new NotSupportedException(
                $"The model predicts {prediction}, which a single file cannot say; expected Epsilon or Velocity.");
        }

        if (model.Autoencoder is not AutoencoderKL { Config.LatentsMean: null } autoencoder)
        {
            throw new NotSupportedException(
                $"A single file cannot hold a {model.Autoencoder.GetType().Name} with these latents; expected an {nameof(AutoencoderKL)} "
                + "with a scale only.");
        }

        nn.Module[] networks = [.. model.Networks.Select(n => n.Network)];
        var uses = new List<NetworkUse>();
        try
        {
            foreach (nn.Module network in networks) uses.Add(NetworkUse.ToRead(network));
            ModelSpec spec = KnownArchitectures.Describe(model.UNet, model)! with { Implementation = Implementation };
            SafetensorsWriter.Write(path, Tensors(model, autoencoder, prediction), spec.For(path, StateDict.Format), type);
        }
        finally
        {
            foreach (NetworkUse use in uses) use.Dispose();
        }
    }

    private static IEnumerable<WrittenTensor> Tensors(ModelComponents model, AutoencoderKL autoencoder, PredictionType prediction)
    {
        Dictionary<string, Tensor> unet = model.UNet.state_dict();
        var names = new LdmUNetNames(unet.Keys);
        IEnumerable<WrittenTensor> tensors = unet
            .Select(t => WrittenTensor.FromTensor(LdmNames.UNet + names.Original(t.Key), t.Value))
            .Concat(LdmAutoencoderNames.Tensors(autoencoder));
        if (model.TextEncoder is { } first) tensors = tensors.Concat(FirstTower(first, model.TextEncoder2 is not null));
        if (model.TextEncoder2 is { } second)
        {
            string prefix = model.TextEncoder is null ? LdmNames.OpenClipRefiner : LdmNames.OpenClipXL;
            tensors = tensors.Concat(OpenClipNames.Tensors(second, prefix));
        }

        if (prediction == PredictionType.Velocity) tensors = tensors.Append(Marker(LdmMarkers.Velocity));
        if (model.Scheduler.Flag("rescale_betas_zero_snr")) tensors = tensors.Append(Marker(LdmMarkers.ZeroSnr));
        return tensors;
    }

    private static IEnumerable<WrittenTensor> FirstTower(ClipTextModel network, bool xl)
    {
        // The tower of 2.x is OpenCLIP's, which is known by its activation.
        if (!xl && network.Config.HiddenAct == "gelu") return OpenClipNames.Tensors(network, LdmNames.OpenClip);
        string prefix = xl ? LdmNames.ClipXL : LdmNames.Clip;
        return network.state_dict().Select(t => WrittenTensor.FromTensor(prefix + t.Key, t.Value));
    }

    private static WrittenTensor Marker(string name) => new(name, [1], ScalarType.Float32, () => zeros(1));
}
