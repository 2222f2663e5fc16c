namespace LatentDiffusion.Fuzzing;

/// <summary>One reader, the inputs that it is tried with, and how it may refuse them.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Make">Makes an input: the same random numbers give the same input.</param>
/// <param name="Read">Gives the input to the reader, and uses all that the reader returns.</param>
/// <param name="Documented">Exceptions that the reader's documentation names. Any other is a failure.</param>
public sealed record FuzzTarget(string Name, Func<Random, byte[]> Make, Action<byte[]> Read, params Type[] Documented)
{
    /// <summary>Whether the reader's documentation names an exception, or a base of it.</summary>
    public bool Documents(Exception exception) => Documented.Any(type => type.IsInstanceOfType(exception));
}
