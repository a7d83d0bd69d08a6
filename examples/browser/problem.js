// What went wrong, in words for the reader. Other errors are shown with their own words.
export class Problem extends Error {}
