using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Students of <see cref="ConsistencyObjective"/>: how they begin, how they are sampled, and how they are written.</summary>
public static class ConsistencyStudent
{
    /// <summary>Width of the guidance embedding of the published latent consistency models.</summary>
    public const int PublishedGuidanceWidth = 256;

    /// <summary>Makes a student that begins as its teacher: its new layers add nothing yet.</summary>
    /// <param name="teacher">The teacher's components; the student's weights are its own, in float32.</param>
    /// <param name="guidanceWidth">
    /// Width of the guidance embedding, published as <c>time_cond_proj_dim</c>, so that one student serves all scales it was
    /// trained with; null for none: it then knows the scale, or the mean of the scales, that it was trained with.
    /// </param>
    /// <exception cref="NotSupportedException">The family's denoisers do not make students.</exception>
    /// <returns>The student, whose network is the caller's to dispose.</returns>
    public static ITrainableDenoiser FromTeacher(ModelComponents teacher, int? guidanceWidth = PublishedGuidanceWidth)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        return teacher.Family.CreateTrainable(teacher).Denoiser.CreateStudent(guidanceWidth);
    }

    /// <summary>
    /// The scheduler that a student is sampled with: of one phase <see cref="LcmScheduler"/> over the points of the
    /// distillation, of several <see cref="DdimScheduler"/>, to be run in as many steps as there are phases.
    /// </summary>
    /// <param name="teacher">The teacher's scheduler, whose training schedule and prediction are taken over.</param>
    /// <param name="options">Points, phases and the boundary's scaling.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">The teacher has no discrete schedule, or one that the student's scheduler does not
    /// know.</exception>
    public static SchedulerConfig Scheduler(SchedulerConfig teacher, ConsistencyTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ValidOptions.Check(options);
        NoiseScheduler own = NoiseScheduler.FromConfig(teacher.WithKnownClass());
        NoiseSchedule schedule = own.Schedule
            ?? throw new ArgumentException(
                $"A {teacher.ClassName} has no discrete training schedule, which consistency distillation needs.", nameof(teacher));
        SchedulerConfig student = options.Phases == 1
            ? SchedulerConfig.Empty.WithClass(LcmScheduler.ClassName)
                .With("original_inference_steps", options.SolverSteps).With("timestep_scaling", options.TimestepScaling)
            : SchedulerConfig.Empty.WithClass(DdimScheduler.ClassName).With("timestep_spacing", "trailing").With("set_alpha_to_one", true);
        student = WithSchedule(student.With("clip_sample", false), own.ToConfig());
        NoiseSchedule made = NoiseScheduler.FromConfig(student).Schedule!;
        // Classes that divide by the last ᾱ keep it a little above zero.
        if (schedule.Timesteps != made.Timesteps
            || schedule.AlphasCumprod.Zip(made.AlphasCumprod).Any(p => Math.Abs(p.First - p.Second) > 1e-6))
            throw new ArgumentException(
                $"A {student.ClassName} cannot have the training schedule of this {own.GetType().Name}.", nameof(teacher));
        return student;
    }

    /// <summary>
    /// Writes the model folder of a student: its network and scheduler, and all else as the teacher has it. The builder opens
    /// it with <see cref="DiffusionPipelineBuilder.UseModelFolder"/>; requests then ask for one to four steps.
    /// </summary>
    /// <param name="teacher">The teacher's components.</param>
    /// <param name="student">The student.</param>
    /// <param name="scheduler">The student's scheduler: <see cref="ConsistencyObjective.Scheduler"/>.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="type">Type of the weights; null for that of the teacher's files, and the student's own.</param>
    public static void Write(
        ModelComponents teacher, ITrainableDenoiser student, SchedulerConfig scheduler, string folder, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(scheduler);
        // The networks are lent: neither they nor their wrappers are disposed.
        DiffusersFolder.Write(teacher.With(student.ComponentName, student.Network, scheduler), folder, type);
    }

    /// <summary>The training schedule written out, because the defaults of classes differ.</summary>
    private static SchedulerConfig WithSchedule(SchedulerConfig student, SchedulerConfig teacher)
    {
        foreach (string name in (string[])["num_train_timesteps", "beta_start", "beta_end"])
            if (teacher.Number(name) is { } number) student = student.With(name, number);
        foreach (string name in (string[])["beta_schedule", "prediction_type"])
            if (teacher.Text(name) is { } word) student = student.With(name, word);
        foreach (string name in (string[])["trained_betas", "rescale_betas_zero_snr"])
            if (teacher.TryGetGiven(name, out JsonElement value)) student = student.With(name, value);
        return student;
    }
}
