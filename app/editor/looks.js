// looks
