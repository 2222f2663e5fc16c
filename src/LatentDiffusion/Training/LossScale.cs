using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// What a loss is multiplied by, so that small gradients are not zero in float16 (Micikevicius et al. 2018, section 3.2): halved when
/// gradients overflow, and doubled after 2,000 steps without an overflow. Always a power of 2, so that scaling rounds nothing.
/// </summary>
internal sealed class LossScale : IDisposable
{
    private const double First = 65536, Largest = 16777216, Smallest = 1;

    private const int StepsToGrow = 2000;

    /// <summary>The scale, and the number of steps since it last changed: [2], for checkpoints.</summary>
    public Tensor State { get; } = tensor(new[] { (float)First, 0 }).DetachFromDisposeScope();

    /// <summary>The scale.</summary>
    public double Value => At(0);

    /// <summary>The scale of a run; null where it needs none.</summary>
    public static LossScale? Create(TrainingPrecision precision) => precision == TrainingPrecision.Float16 ? new LossScale() : null;

    /// <summary>Halves the scale after an overflow.</summary>
    /// <returns>False if it is as small as it can be: the gradients themselves are not finite.</returns>
    public bool TryShrink()
    {
        if (Value <= Smallest) return false;
        Set(Value / 2, 0);
        return true;
    }

    /// <summary>Counts a step without an overflow.</summary>
    public void Grow()
    {
        double steps = At(1) + 1;
        if (steps < StepsToGrow) Set(Value, steps);
        else Set(Math.Min(Value * 2, Largest), 0);
    }

    public void Dispose() => State.Dispose();

    private double At(int index) => State.data<float>()[index];

    private void Set(double scale, double steps)
    {
        TorchSharp.Utils.TensorAccessor<float> values = State.data<float>();
        (values[0], values[1]) = ((float)scale, (float)steps);
    }
}
