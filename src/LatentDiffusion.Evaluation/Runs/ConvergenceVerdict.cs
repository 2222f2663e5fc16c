namespace LatentDiffusion.Evaluation;

/// <summary>How a validation loss goes on.</summary>
public enum ConvergenceVerdict
{
    /// <summary>Too few validations to tell.</summary>
    TooEarly,

    /// <summary>It falls: the whole interval of its slope lies below zero. More training will lower it further.</summary>
    StillFalling,

    /// <summary>Neither rise nor fall can be told from its noise: the interval of the slope holds zero.</summary>
    Flat,

    /// <summary>It rises: the whole interval lies above zero. The model has begun to learn its pictures by heart.</summary>
    Rising,
}
