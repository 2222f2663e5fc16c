namespace LatentDiffusion;

/// <summary>Control over one run of a scheduler: what acts depends on where the run stands.</summary>
/// <param name="hints">The pictures and their ControlNets.</param>
/// <param name="run">The run, where it begins.</param>
/// <param name="generation">The generation that it is of.</param>
internal sealed class ControlSchedule(ControlInputs hints, ISchedulerRun run, GenerationContext generation)
{
    private readonly int _begin = run.StepIndex;

    /// <summary>What the U-Net is evaluated on, with what is added to it at present.</summary>
    public UNetInput Control(UNetInput input) => hints.Control(input, run.StepIndex - _begin, run.Timesteps.Count - _begin, generation);
}
