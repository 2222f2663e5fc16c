namespace LatentDiffusion.Training;

/// <summary>
/// The points of a teacher's trajectory that a student is made consistent on, from 0, the image, to N, pure noise, and
/// what an output of the network says at each of them.
/// </summary>
internal sealed class ConsistencyPath
{
    private readonly DiffusionProcess _process;
    private readonly int _stride, _phase;
    private readonly double? _boundaryScaling;

    /// <param name="process">The process of teacher and student.</param>
    /// <param name="options">Points, phases and the boundary's scaling.</param>
    /// <exception cref="ArgumentException">
    /// The points do not divide the schedule, or a clean sample cannot be derived from the prediction.
    /// </exception>
    public ConsistencyPath(DiffusionProcess process, ConsistencyTrainingOptions options)
    {
        NoiseSchedule schedule = process.Schedule
            ?? throw new ArgumentException("A flow has no discrete training schedule.", nameof(process));
        if (schedule.Timesteps % options.SolverSteps != 0)
        {
            throw new ArgumentException(
                $"SolverSteps is {options.SolverSteps}; it must divide the {schedule.Timesteps} training timesteps.", nameof(options));
        }

        (_process, Schedule) = (process, schedule);
        _stride = schedule.Timesteps / options.SolverSteps;
        _phase = options.SolverSteps / options.Phases;
        if (options.Phases == 1) _boundaryScaling = options.TimestepScaling;
        if (_stride % options.SolverEvaluations != 0)
        {
            throw new ArgumentException(
                $"SolverEvaluations is {options.SolverEvaluations}; it must divide the {_stride} timesteps between two points.",
                nameof(options));
        }

        if (process.PredictionType == PredictionType.Epsilon && schedule.AlphasCumprod[^1] <= 0)
        {
            throw new ArgumentException(
                "The last timestep has no signal (zero terminal SNR), so that ε does not determine the image; "
                + "such a teacher predicts velocity or the sample.",
                nameof(process));
        }

        Substep = _stride / options.SolverEvaluations;
    }

    /// <summary>The forward process.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>Timesteps that the teacher goes in one evaluation.</summary>
    public int Substep { get; }

    /// <summary>The timestep of a point, n·k − 1; −1 is without noise.</summary>
    public int Timestep(int point) => point * _stride - 1;

    /// <summary>The point at which the trajectory through a point ends: the last edge of a phase below it.</summary>
    /// <param name="point">From 1 to N.</param>
    public int Edge(int point) => (point - 1) / _phase * _phase;

    /// <summary>
    /// The consistency function f: where the trajectory through a point has the given edge, as a weighted sum of sample and
    /// output. At the edge itself it is the identity.
    /// </summary>
    public PredictionWeights End(int point, int edge)
    {
        if (point == edge) return new(1, 0);
        int timestep = Timestep(point);
        if (_boundaryScaling is not { } scaling) return Step(timestep, Timestep(edge));
        (double skip, double scale) = ConsistencyBoundary.At(timestep, scaling);
        PredictionWeights clean = _process.CleanWeights(Level(timestep));
        return new(skip + scale * clean.Noisy, scale * clean.Prediction);
    }

    /// <summary>A step of DDIM: √ᾱ of the target times x̂_0, and √(1−ᾱ) of it times ε̂.</summary>
    /// <param name="from">Timestep of the sample and the output.</param>
    /// <param name="to">Timestep to go to; −1 is without noise.</param>
    public PredictionWeights Step(int from, int to)
    {
        NoiseLevel at = Level(from), target = Level(to);
        PredictionWeights clean = _process.CleanWeights(at), noise = _process.NoiseWeights(at);
        return new(
            target.Alpha * clean.Noisy + target.Sigma * noise.Noisy,
            target.Alpha * clean.Prediction + target.Sigma * noise.Prediction);
    }

    private NoiseLevel Level(int timestep) => timestep < 0 ? NoiseLevel.FromAlphaBar(1) : _process.LevelAt(timestep);
}
