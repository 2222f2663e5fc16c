using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>A frozen U-Net with the ControlNet that is trained for it.</summary>
/// <param name="control">The ControlNet.</param>
/// <param name="denoiser">The U-Net.</param>
internal sealed class ControlledDenoiser(ControlNetModel control, ITrainableDenoiser denoiser) : ITrainableDenoiser
{
    public string ComponentName => ComponentNames.ControlNet;

    public nn.Module Network => control;

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Forward(DenoiserInput input)
    {
        ScalarType type = NetworkUse.TypeOf(control);
        var seen = new ControlNetInput(
            UNetInput.FromDenoiserInput(input, type, guidanceWidth: null),
            input.Conditioning.Additional[ControlImageConditioning.Name].to(type));
        ControlNetOutput residuals = control.call(seen);
        return denoiser.Forward(input with { ControlResiduals = [.. residuals.DownResiduals, residuals.MiddleResidual] });
    }

    public Tensor Predict(DenoiserInput input)
    {
        using IDisposable noGradient = no_grad();
        return Forward(input);
    }
}
