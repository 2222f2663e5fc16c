using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Trains the shipped model's U-Net and text encoder with the library's trainer, and reports the fraction of the machine's
/// matrix-multiply peak. Batches, optimizer and running average are included in the time, but not in the operations. A step
/// counts as three forward passes: the backward pass has two products for each of the forward pass.
/// </summary>
/// <param name="precision">Number format of the computation.</param>
/// <param name="batch">Images per step; null for the recipe's.</param>
/// <param name="log">Receives the results.</param>
internal sealed class TrainingBenchmark(TrainingPrecision precision, int? batch, TextWriter log)
{
    private const int WarmUp = 4;
    private const double PassesPerStep = 3;

    public void Run(int steps, bool layers)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"training-benchmark-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            Run(folder, steps, layers);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Run(string folder, int steps, bool layers)
    {
        using DisposeScope scope = NewDisposeScope();
        using var shipped = new ShippedTraining(folder, batch);
        DenoiserObjective objective = shipped.Objective;
        double peak = MatrixPeak.Measure();
        OperationCount operations = Count(objective);
        StepTimes times = Train(shipped, folder, steps);
        peak = Math.Max(peak, MatrixPeak.Measure());
        Print(operations, times, peak, shipped.BatchSize);
        ScalarType type = precision == TrainingPrecision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        if (layers) LayerTimes.Print(operations, times.Median, peak, shipped.BatchSize, type, log);
    }

    private static OperationCount Count(DenoiserObjective objective)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var count = new OperationCount(objective.Modules.Values);
        objective.Loss(new TrainingStep(0, generator));
        return count;
    }

    private StepTimes Train(ShippedTraining shipped, string folder, int steps)
    {
        using var enough = new CancellationTokenSource();
        var times = new StepTimes(WarmUp, steps, enough);
        TrainingOptions options = shipped.Options with
        {
            Steps = WarmUp + steps + 1, CheckpointEvery = long.MaxValue, Precision = precision,
        };
        new Trainer(options).Run(shipped.Objective, Path.Combine(folder, "run"), times, enough.Token);
        return times;
    }

    private void Print(OperationCount operations, StepTimes times, double peak, int images)
    {
        double step = operations.Total * PassesPerStep, reached = step / times.Mean;
        log.WriteLine($"Threads: {get_num_threads()}. {precision}, {images} images and {step / 1e9:0.0} GFLOP per step.");
        log.WriteLine($"Peak of float32 matrix multiplication  {peak / 1e9:0} GFLOP/s");
        log.WriteLine(
            $"A step                                 {times.Mean:0.000} s (median {times.Median:0.000}, fastest {times.Fastest:0.000})");
        log.WriteLine($"Images per second                      {images / times.Mean:0.0}");
        log.WriteLine($"Reached                                {reached / 1e9:0} GFLOP/s, {reached / peak:P0} of the peak");
    }
}
