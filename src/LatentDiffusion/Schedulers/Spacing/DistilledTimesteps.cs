namespace LatentDiffusion.Schedulers;

/// <summary>The timesteps that a consistency model was distilled on, k−1, 2k−1, …, of which sampling takes a few.</summary>
/// <param name="trainingTimesteps">T.</param>
/// <param name="count">How many distillation used.</param>
internal sealed class DistilledTimesteps(int trainingTimesteps, int count)
{
    /// <summary>Reads <c>original_inference_steps</c>, and the options of this family that say nothing about its timesteps.</summary>
    public static DistilledTimesteps Read(OptionReader options, int trainingTimesteps)
    {
        int count = options.Int("original_inference_steps", 50);
        if (count > trainingTimesteps)
            throw new ArgumentException($"original_inference_steps is at most the {trainingTimesteps} training timesteps, not {count}.");

        // Published by these classes for the sake of switching; their timesteps are those of distillation.
        options.Bool("set_alpha_to_one", true);
        SpacingOptions.Read(options, trainingTimesteps, TimestepSpacing.Leading);
        return new DistilledTimesteps(trainingTimesteps, count);
    }

    /// <summary>About evenly spaced ones, descending from the last.</summary>
    public double[] Choose(int steps)
    {
        if (steps > count)
            throw new ArgumentException($"Steps is at most the {count} of original_inference_steps, not {steps}.");
        int k = trainingTimesteps / count;
        double stride = (double)count / steps;
        return [.. Enumerable.Range(0, steps).Select(i => (double)((count - (int)Math.Floor(i * stride)) * k - 1))];
    }
}
