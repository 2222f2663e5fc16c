using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A denoiser under ControlNets for one run of a scheduler: which of them act depends on where the run stands.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="controls">The images and their ControlNets.</param>
/// <param name="run">The scheduler's run, where it begins.</param>
internal sealed class ControlledRun(IDenoiser denoiser, ControlInputs controls, ISchedulerRun run) : IDenoiserRun
{
    private readonly int _begin = run.StepIndex;
    private readonly IReadOnlyList<IControlNetRun> _runs = controls.Start();

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (int evaluation, int evaluations) = (run.StepIndex - _begin, run.Timesteps.Count - _begin);
        IReadOnlyList<Tensor>? residuals = controls.Evaluate(input, Description.Type, _runs, evaluation, evaluations);
        return denoiser.Predict(input with { ControlResiduals = residuals }).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (IControlNetRun one in _runs) one.Dispose();
    }
}
